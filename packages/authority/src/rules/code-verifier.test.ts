import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeRecord } from '../testing/records.ts'
import { codeVerifier } from './code-verifier.ts'

/** RFC 7636 Appendix B. */
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const code = codeRecord({ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' })

test('the verifier of the challenge is right (RFC 7636 Appendix B)', () => {
  assert.equal(codeVerifier(code, verifier), undefined)
})

test('a missing, other or malformed verifier is invalid_grant (RFC 7636 §4.6)', () => {
  assert.equal(codeVerifier(code, undefined)?.reason, 'pkce_missing')
  assert.equal(codeVerifier(code, `${verifier.slice(0, -1)}l`)?.reason, 'pkce_mismatch')
  assert.equal(codeVerifier(code, 'short')?.reason, 'pkce_malformed')
  assert.equal(codeVerifier(code, code.code_challenge)?.reason, 'pkce_mismatch', 'plain is no method of ours')
  for (const sent of [undefined, 'short']) assert.equal(codeVerifier(code, sent)?.error, 'invalid_grant')
})

test('S3 a verifier for a code without challenge is refused (RFC 9700 §4.8.2)', () => {
  assert.equal(codeVerifier(codeRecord({ code_challenge: '' }), verifier)?.reason, 'pkce_downgrade')
})
