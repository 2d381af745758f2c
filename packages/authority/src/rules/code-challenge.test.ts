import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeCodeChallenge } from './code-challenge.ts'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const reason = (judged: object): unknown => ('reason' in judged ? judged.reason : 'fine')

test('the S256 challenge of RFC 7636 Appendix B is taken', () => {
  assert.deepEqual(judgeCodeChallenge(challenge, 'S256'), { code_challenge: challenge })
})

test('S4 without a code_challenge the authorization endpoint refuses every client (OAuth 2.1 §4.1.2.1)', () => {
  assert.equal(reason(judgeCodeChallenge(undefined, undefined)), 'pkce_missing')
  assert.equal(reason(judgeCodeChallenge(undefined, 'S256')), 'pkce_missing')
})

test('plain is refused, and so is a missing method, which would mean plain (RFC 7636 §4.3, RFC 9700 §2.1.1)', () => {
  for (const method of ['plain', undefined, 's256', 'S512'])
    assert.equal(reason(judgeCodeChallenge(challenge, method)), 'pkce_method', `${method}`)
})

test('a challenge that no SHA-256 can be is refused', () => {
  for (const sent of ['x', challenge.slice(1), `${challenge}A`, challenge.replace('-', '+')])
    assert.equal(reason(judgeCodeChallenge(sent, 'S256')), 'pkce_malformed', sent)
})
