import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meetsContext, requestedContext } from './authentication-context.ts'

const password = 'urn:sallyport:acr:password'
const passkey = 'urn:sallyport:acr:passkey'

test('acr_values is voluntary, and unknown values are dropped (OpenID Connect Core §3.1.2.1)', () => {
  assert.deepEqual(requestedContext(`urn:x ${passkey}`, undefined), { acr: { anyOf: [passkey], essential: false } })
  assert.deepEqual(requestedContext('urn:x', undefined), {})
  assert.deepEqual(requestedContext(undefined, undefined), {})
})

test('the acr claim comes before acr_values; essential and unknown cannot be met (OpenID Connect Core §5.5.1.1)', () => {
  assert.deepEqual(requestedContext(password, { values: [passkey], essential: true }), {
    acr: { anyOf: [passkey], essential: true },
  })
  const unknown = requestedContext(undefined, { values: ['urn:x'], essential: true })
  assert.deepEqual(unknown, { acr: { anyOf: [], essential: true } })
  assert.equal(meetsContext(passkey, unknown.acr), false)
})

test('a stronger sign-in meets a weaker request, never the other way round', () => {
  assert.equal(meetsContext(passkey, { anyOf: [password], essential: true }), true)
  assert.equal(meetsContext(password, { anyOf: [passkey], essential: false }), false)
  assert.equal(meetsContext(password, { anyOf: [passkey, password], essential: false }), true)
  assert.equal(meetsContext(password, undefined), true)
})
