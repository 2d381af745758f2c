import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { signingAlgorithms } from './algorithms.ts'
import { type ExpectedJwt, verifyJwt } from './jwt.ts'
import { fixedKeys } from './key-source.ts'
import { signJwt, signNow } from './sign.ts'
import { exportPrivateJwk, generateSigningKey, verifyKeyOf } from './signing-key.ts'

const key = generateSigningKey('ES256')
const now = 1_800_000_000
const claims = { iss: 'client', sub: 'client', aud: 'https://as.example', iat: now, exp: now + 60, jti: 'j' }
const expected: ExpectedJwt = {
  typ: [undefined, 'JWT', 'client-authentication+jwt'],
  algorithms: signingAlgorithms,
  keys: fixedKeys([verifyKeyOf(key)]),
  issuer: 'client',
  audience: 'https://as.example',
  nowSeconds: now,
}

async function reason(change: object, rules: Partial<ExpectedJwt> = {}, typ = 'JWT') {
  const token = await signJwt({ typ, claims: { ...claims, ...change }, key }, signNow)
  return Reflect.get(await verifyJwt(token, { ...expected, ...rules }), 'refused')
}

test('a right JWT gives header, claims and key', async () => {
  const verified = await verifyJwt(await signJwt({ typ: 'JWT', claims, key }, signNow), expected)
  assert.ok(!('refused' in verified))
  assert.deepEqual(verified.claims, claims)
  assert.equal(verified.key.kid, key.kid)
})

test('jose accepts our JWTs, and we accept jose’s', async () => {
  for (const algorithm of signingAlgorithms) {
    const signer = generateSigningKey(algorithm)
    const ours = await signJwt({ typ: 'JWT', claims, key: signer }, signNow)
    const options = { issuer: 'client', audience: claims.aud, typ: 'JWT', currentDate: new Date(now * 1000) }
    await jwtVerify(ours, await importJWK({ ...signer.publicJwk }, algorithm), options)
    const theirs = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm })
      .sign(await importJWK({ ...exportPrivateJwk(signer) }, algorithm))
    const keys = fixedKeys([verifyKeyOf(signer)])
    assert.ok(!('refused' in (await verifyJwt(theirs, { ...expected, keys }))))
  }
})

test('typ is compared as a media type, and one for another use is refused (RFC 8725 §3.11)', async () => {
  assert.equal(await reason({}, {}, 'jwt'), undefined)
  assert.equal(await reason({}, {}, 'application/JWT'), undefined)
  assert.equal(await reason({}, {}, 'at+jwt'), 'wrong_type')
  assert.equal(await reason({}, { typ: 'logout+jwt' }), 'wrong_type')
})

test('S52 issuer and audience are compared byte for byte (RFC 8725 §3.8, §3.9)', async () => {
  assert.equal(await reason({ iss: 'client/' }), 'wrong_issuer')
  assert.equal(await reason({ iss: undefined }), 'wrong_issuer')
  assert.equal(await reason({ iss: ['client'] }), 'wrong_issuer')
  assert.equal(await reason({ aud: 'https://as.example/' }), 'wrong_audience')
  assert.equal(await reason({ aud: [] }), 'wrong_audience')
  assert.equal(await reason({ aud: undefined }), 'wrong_audience')
  assert.equal(await reason({ aud: ['x', 'https://as.example'] }), undefined)
})

test('S20 a strict audience is one string, no list (RFC 7523bis §4, FAPI 2.0 §5.3.2.1)', async () => {
  assert.equal(await reason({}, { audienceForm: 'single' }), undefined)
  assert.equal(await reason({ aud: ['https://as.example'] }, { audienceForm: 'single' }), 'wrong_audience')
  assert.equal(await reason({ aud: 'https://as.example/token' }, { audienceForm: 'single' }), 'wrong_audience')
})

test('S21 a JWT without exp is refused (RFC 7523 §3)', async () => {
  for (const exp of [undefined, null, '1', Number.NaN, -1]) assert.equal(await reason({ exp }), 'malformed')
})

test('S22 iat or nbf 5 s ahead is accepted, 61 s is refused, whatever the leeway (FAPI 2.0 §5.3.2.1)', async () => {
  assert.equal(await reason({ iat: now + 5 }), undefined)
  assert.equal(await reason({ nbf: now + 5 }), undefined)
  assert.equal(await reason({ iat: now + 10, nbf: now + 10 }), undefined)
  assert.equal(await reason({ iat: now + 61 }, { leewaySeconds: 3600 }), 'clock_skew')
  assert.equal(await reason({ nbf: now + 61 }, { leewaySeconds: 3600 }), 'not_yet_valid')
  assert.equal(await reason({ iat: now + 11 }), 'clock_skew')
  assert.equal(await reason({ iat: now + 1 }, { leewaySeconds: -5 }), 'clock_skew')
})

test('an expired JWT is refused, except as a hint (OpenID Connect Core §3.1.2.2)', async () => {
  assert.equal(await reason({ exp: now - 10 }), 'token_expired')
  assert.equal(await reason({ exp: now - 9 }), undefined)
  assert.equal(await reason({ exp: now - 9999 }, { acceptExpired: true }), undefined)
})

test('an assertion that lives too long is refused (RFC 7523 §3)', async () => {
  assert.equal(await reason({ exp: now + 300 }, { maxLifetimeSeconds: 300 }), undefined)
  assert.equal(await reason({ exp: now + 311 }, { maxLifetimeSeconds: 300 }), 'malformed')
  assert.equal(await reason({ iat: undefined, exp: now + 311 }, { maxLifetimeSeconds: 300 }), 'malformed')
})

test('key and algorithm: an unknown key, keys not to be had, an algorithm not allowed here', async () => {
  assert.equal(await reason({}, { keys: fixedKeys([]) }), 'unknown_key')
  assert.equal(await reason({}, { keys: { find: () => 'unavailable' } }), 'keys_unavailable')
  assert.equal(await reason({}, { algorithms: ['EdDSA'] }), 'wrong_algorithm')
  const other = { ...verifyKeyOf(generateSigningKey('ES256')), kid: key.kid }
  assert.equal(await reason({}, { keys: fixedKeys([other]) }), 'bad_signature')
})

test('a wrong issuer, audience or time never causes a fetch of keys', async () => {
  const keys = { find: () => assert.fail('keys were looked for') }
  assert.equal(await reason({ iss: 'evil' }, { keys }), 'wrong_issuer')
  assert.equal(await reason({ aud: 'evil' }, { keys }), 'wrong_audience')
  assert.equal(await reason({ exp: 1 }, { keys }), 'token_expired')
})

test('new material under an old name is found by a second look (RFC 7517 §4.5)', async () => {
  const old = { ...verifyKeyOf(generateSigningKey('ES256')), kid: key.kid }
  const keys = { find: () => old, renewed: () => verifyKeyOf(key) }
  assert.equal(await reason({}, { keys }), undefined)
  assert.equal(await reason({}, { keys: { ...keys, renewed: () => undefined } }), 'bad_signature')
  assert.equal(await reason({}, { keys: { ...keys, renewed: () => old } }), 'bad_signature')
})

test('a claim named refused is a claim like any other', async () => {
  assert.equal(await reason({ refused: 'not really' }), undefined)
})

test('no claims make the verifier throw', async () => {
  const names = fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'jti')
  await fc.assert(
    fc.asyncProperty(names, fc.jsonValue(), async (name, value) => void (await reason({ [name]: value }))),
  )
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), async text => void (await verifyJwt(text, expected))))
})
