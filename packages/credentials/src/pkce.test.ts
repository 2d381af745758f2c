import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCodeChallenge, s256, verifyCodeVerifier } from './pkce.ts'

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const unreserved = [...'ABCXYZabcxyz0189-._~']
const verifiers = fc.string({ unit: fc.constantFrom(...unreserved), minLength: 43, maxLength: 128 })

test('the example verifier makes the example challenge and fits it (RFC 7636 B)', () => {
  assert.equal(s256(verifier), challenge)
  assert.equal(verifyCodeVerifier(verifier, challenge), true)
})

test('a verifier fits its own challenge and no other (RFC 7636 §4.6)', () => {
  fc.assert(
    fc.property(verifiers, verifiers, (one, two) => {
      assert.equal(verifyCodeVerifier(one, s256(one)), true)
      assert.equal(verifyCodeVerifier(one, s256(two)) === true, one === two)
    }),
  )
})

test('plain is not spoken: a challenge that equals the verifier does not fit (OAuth 2.1 §4.1.1)', () => {
  assert.equal(Reflect.get(Object(verifyCodeVerifier(verifier, verifier)), 'refused'), 'pkce_mismatch')
})

test('a verifier has 43 to 128 unreserved characters (RFC 7636 §4.1)', () => {
  for (const bad of [
    '',
    verifier.slice(1),
    'a'.repeat(129),
    `${verifier}=`,
    `${verifier} `,
    `${verifier}é`,
    `${verifier}+`,
  ])
    assert.equal(Reflect.get(Object(verifyCodeVerifier(bad, s256(bad))), 'refused'), 'pkce_malformed', bad)
})

test('a challenge is the canonical base64url of 32 bytes (RFC 7636 §4.2)', () => {
  assert.equal(isCodeChallenge(challenge), true)
  for (const bad of [
    '',
    `${challenge}=`,
    challenge.slice(1),
    `${challenge.slice(0, -1)}N`,
    `+${challenge.slice(1)}`,
    7,
    null,
  ])
    assert.equal(isCodeChallenge(bad), false, String(bad))
})

test('no text makes the check throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => void verifyCodeVerifier(a, b)),
  )
})
