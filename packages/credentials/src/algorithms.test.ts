import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSigningAlgorithm, type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'

type Forbidden = Extract<SigningAlgorithm, 'none' | 'HS256' | 'HS384' | 'HS512'>

test('S23 none and HMAC are in no type and pass no check (RFC 8725 §3.1, FAPI 2.0 §5.4)', () => {
  const cannotBeExpressed: [Forbidden] extends [never] ? true : false = true
  assert.ok(cannotBeExpressed)
  for (const name of ['none', 'None', 'NONE', 'HS256', 'HS384', 'HS512', 'es256', 'ES256 ', 'ES384', 'RS512'])
    assert.equal(isSigningAlgorithm(name), false, name)
})

test('S23 exactly four names pass, whatever else is asked', () => {
  assert.deepEqual(signingAlgorithms.filter(isSigningAlgorithm), ['ES256', 'PS256', 'RS256', 'EdDSA'])
  fc.assert(
    fc.property(fc.anything(), value => {
      assert.equal(
        isSigningAlgorithm(value),
        signingAlgorithms.some(name => name === value),
      )
    }),
  )
})
