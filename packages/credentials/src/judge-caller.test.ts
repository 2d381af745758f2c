import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessTokenClaims } from './access-token.ts'
import { accessTokenHash, type DpopProof } from './dpop.ts'
import { judgeCaller, noRevocations, type PresentedToken, type RevocableToken } from './judge-caller.ts'
import { callerOf } from './verify-access-token.ts'

const now = 1_800_000_000
const token = 'the.access.token'
const claims: AccessTokenClaims = {
  iss: 'i',
  sub: 'user_1',
  aud: 'r',
  client_id: 'shop',
  exp: now + 300,
  iat: now,
  jti: 'token-1',
  family: 'family-1',
}
const context = { nowSeconds: now, revocations: noRevocations }
const proof: DpopProof = { jkt: 'key-1', jtiHash: 'h', ath: accessTokenHash(token), iat: now, expiresAt: now + 61 }

const judge = (cnf: AccessTokenClaims['cnf'], presented: Partial<PresentedToken>) =>
  judgeCaller(
    callerOf(cnf === undefined ? claims : { ...claims, cnf }, 'kid-1'),
    { scheme: 'Bearer', token, ...presented },
    context,
  )?.refused

test('S42 a DPoP-bound token sent as Bearer is refused, with or without a proof (RFC 9449 §7.2)', () => {
  assert.equal(judge({ jkt: 'key-1' }, {}), 'unbound')
  assert.equal(judge({ jkt: 'key-1' }, { proof }), 'unbound')
})

test('S43 a bound token needs a proof by its key, made for this token (RFC 9449 §7.1)', () => {
  assert.equal(judge({ jkt: 'key-1' }, { scheme: 'DPoP', proof }), undefined)
  assert.equal(judge({ jkt: 'key-1' }, { scheme: 'DPoP' }), 'unbound')
  assert.equal(judge({ jkt: 'key-2' }, { scheme: 'DPoP', proof }), 'unbound')
  assert.equal(judge({ jkt: 'key-1' }, { scheme: 'DPoP', proof: { ...proof, ath: undefined } }), 'unbound')
  assert.equal(judge({ jkt: 'key-1' }, { scheme: 'DPoP', proof: { ...proof, ath: accessTokenHash('x') } }), 'unbound')
})

test('a bearer token under the DPoP scheme is refused (RFC 9449 §7.1)', () => {
  assert.equal(judge(undefined, { scheme: 'DPoP', proof }), 'unbound')
  assert.equal(judge(undefined, {}), undefined)
})

test('S48 a certificate-bound token needs that certificate (RFC 8705 §3)', () => {
  assert.equal(judge({ 'x5t#S256': 'cert-1' }, { certificate: 'cert-1' }), undefined)
  assert.equal(judge({ 'x5t#S256': 'cert-1' }, { certificate: 'cert-2' }), 'unbound')
  assert.equal(judge({ 'x5t#S256': 'cert-1' }, {}), 'unbound')
})

test('a token bound to a key and a certificate needs both', () => {
  const both = { jkt: 'key-1', 'x5t#S256': 'cert-1' }
  assert.equal(judge(both, { scheme: 'DPoP', proof, certificate: 'cert-1' }), undefined)
  assert.equal(judge(both, { scheme: 'DPoP', proof }), 'unbound')
  assert.equal(judge(both, { certificate: 'cert-1' }), 'unbound')
})

test('a remembered caller ends with its token (RFC 9068 §4)', () => {
  const caller = callerOf(claims, 'kid-1')
  const at = (nowSeconds: number, leewaySeconds?: number) =>
    judgeCaller(caller, { scheme: 'Bearer', token }, { ...context, nowSeconds, leewaySeconds })?.refused
  assert.equal(at(now + 304), undefined)
  assert.equal(at(now + 305), 'token_expired')
  assert.equal(at(now + 300, 0), 'token_expired')
})

test('S73 revocation is asked at every use, with all that can be revoked; too old knowledge is its own answer', () => {
  const asked: RevocableToken[] = []
  const answer = (verdict: 'live' | 'revoked' | 'unknown') => {
    const judgeAndNote = (revocable: RevocableToken) => {
      asked.push(revocable)
      return verdict
    }
    const revocations = { judge: judgeAndNote }
    return judgeCaller(callerOf(claims, 'kid-1'), { scheme: 'Bearer', token }, { nowSeconds: now, revocations })
      ?.refused
  }
  assert.equal(answer('live'), undefined)
  assert.equal(answer('revoked'), 'revoked')
  assert.equal(answer('unknown'), 'revocation_unknown')
  assert.deepEqual(asked[0], { jti: 'token-1', family: 'family-1', clientId: 'shop', kid: 'kid-1', iat: now })
})
