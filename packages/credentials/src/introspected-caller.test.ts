import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { callerFromIntrospection } from './introspected-caller.ts'
import { noRevocations, type PresentedToken } from './judge-caller.ts'

const now = 1_800_000_000
const response = {
  active: true,
  iss: 'https://as.example',
  sub: 'user_1',
  aud: 'https://api.example',
  client_id: 'shop',
  exp: now + 300,
  iat: now,
  jti: 'token-1',
  scope: 'read:orders',
  token_type: 'Bearer',
}
const presented: PresentedToken = { scheme: 'Bearer', token: 'sp_at_x' }
const expected = { issuer: 'https://as.example', resource: 'https://api.example' }
const judge = (answer: unknown) =>
  callerFromIntrospection(answer, presented, expected, { nowSeconds: now, revocations: noRevocations })
const reason = (answer: unknown) => Reflect.get(judge(answer), 'refused')

test('an active token names its caller as a JWT would (RFC 7662 §2.2)', () => {
  const caller = judge(response)
  assert.equal(Reflect.get(caller, 'subject'), 'user_1')
  assert.deepEqual(Reflect.get(caller, 'scopes'), new Set(['read:orders']))
  assert.equal(Reflect.get(caller, 'keyId'), undefined)
})

test('S54 an inactive token is refused without asking further (RFC 7662 §2.2)', () => {
  assert.equal(reason({ active: false }), 'token_inactive')
  assert.equal(reason({ ...response, active: false }), 'token_inactive')
})

test('active is a boolean, and nothing else is taken for one (RFC 7662 §2.2)', () => {
  for (const active of ['true', 1, undefined, null, {}]) assert.equal(reason({ ...response, active }), 'malformed')
  for (const answer of [undefined, null, 'active', [], [{ active: true }]]) assert.equal(reason(answer), 'malformed')
})

test('S52 audience, issuer and time are judged as in a JWT (RFC 7662 §4)', () => {
  assert.equal(reason({ ...response, aud: 'https://other.example' }), 'wrong_audience')
  assert.equal(reason({ ...response, aud: undefined }), 'wrong_audience')
  assert.equal(reason({ ...response, iss: 'https://other.example' }), 'wrong_issuer')
  assert.equal(reason({ ...response, exp: now - 10 }), 'token_expired')
  assert.equal(reason({ ...response, nbf: now + 61 }), 'not_yet_valid')
  assert.equal(reason({ ...response, sub: undefined }), 'malformed')
  const { iss: _iss, ...silent } = response
  assert.equal(reason(silent), undefined)
})

test('S42 S48 a bound opaque token is asked for its proof too (RFC 9449 §7.2, RFC 8705 §3)', () => {
  assert.equal(reason({ ...response, cnf: { jkt: 'x' } }), 'unbound')
  assert.equal(reason({ ...response, cnf: { 'x5t#S256': 'x' } }), 'unbound')
})

test('no response makes it throw', () => {
  fc.assert(fc.property(fc.anything(), answer => void judge(answer)))
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(response)), fc.anything(), (name, value) => {
      void judge({ ...response, [name]: value })
    }),
  )
})
