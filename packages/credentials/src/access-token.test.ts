import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type AccessTokenClaims, readAccessTokenClaims, signAccessToken } from './access-token.ts'
import { signNow } from './sign.ts'
import { generateSigningKey } from './signing-key.ts'

const claims: AccessTokenClaims = {
  iss: 'https://as.example',
  sub: 'user_1',
  aud: 'https://api.example',
  client_id: 'shop',
  exp: 1_800_000_300,
  iat: 1_800_000_000,
  jti: 'j',
}
const refused = (change: object) => Reflect.get(readAccessTokenClaims({ ...claims, ...change }), 'refused')

test('an access token says at+jwt and carries the claims given, nothing else (RFC 9068 §2)', async () => {
  const key = generateSigningKey('ES256')
  const token = await signAccessToken(claims, key, signNow)
  assert.deepEqual({ ...decodeProtectedHeader(token) }, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' })
  assert.deepEqual({ ...decodeJwt(token) }, claims)
})

test('each of the seven required claims is required, with its type (RFC 9068 §2.2)', () => {
  for (const name of ['iss', 'sub', 'aud', 'client_id', 'exp', 'iat', 'jti'])
    for (const value of [undefined, null, '', {}, true, [7]])
      assert.equal(refused({ [name]: value }), 'malformed', `${name}: ${JSON.stringify(value)}`)
  assert.equal(refused({}), undefined)
  assert.equal(refused({ aud: ['https://api.example', 'https://other.example'] }), undefined)
})

test('optional claims have their type or are not there (RFC 9068 §2.2.1 to §2.2.3)', () => {
  for (const name of ['nbf', 'scope', 'auth_time', 'acr', 'amr', 'roles', 'family', 'cnf'])
    for (const value of [null, {}, true, [7]]) assert.equal(refused({ [name]: value }), 'malformed', name)
})

test('a confirmation that cannot be checked is no bearer token (RFC 7800 §3.1)', () => {
  for (const cnf of [{}, { kid: 'k' }, { jwk: {} }, { jkt: 7 }, { jkt: '' }, { 'x5t#S256': null }])
    assert.equal(refused({ cnf }), 'malformed', JSON.stringify(cnf))
  for (const cnf of [{ jkt: 't' }, { 'x5t#S256': 't' }, { jkt: 't', 'x5t#S256': 't', other: 1 }])
    assert.equal(refused({ cnf }), undefined, JSON.stringify(cnf))
})

test('no members make the reader throw', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), members => void readAccessTokenClaims(members)))
})
