import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { importJWK, SignJWT } from 'jose'
import { signingAlgorithms } from './algorithms.ts'
import { accessTokenHash, createDpopProof, type DpopClaims, type ExpectedProof, verifyDpopProof } from './dpop.ts'
import { dpopNonces } from './dpop-nonce.ts'
import { rememberKeys } from './remembered-keys.ts'
import { signJwtNow } from './sign.ts'
import { exportPrivateJwk, generateSigningKey } from './signing-key.ts'
import { jwkThumbprint } from './thumbprint.ts'

const key = generateSigningKey('ES256')
const now = 1_562_262_616
const claims: DpopClaims = { htm: 'POST', htu: 'https://server.example.com/token', iat: now, jti: 'jti-1' }
const expected: ExpectedProof = { method: 'POST', url: 'https://server.example.com/token', nowSeconds: now }
const publicJwk = { ...key.publicJwk }

const refusedAs = (proof: string, request: ExpectedProof = expected) =>
  Reflect.get(verifyDpopProof(proof, request), 'refused')
const forge = (change: object, typ = 'dpop+jwt', jwk: unknown = publicJwk) =>
  signJwtNow({ typ, claims: { ...claims, ...change }, key, header: { jwk } })

test('the example proof of a token request is right (RFC 9449 §4.2, §5)', () => {
  const proof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg'
  const verified = verifyDpopProof(proof, { ...expected, nowSeconds: 1_562_262_616 })
  assert.equal(Reflect.get(verified, 'jkt'), '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
})

test('the example proof of a resource request is right and names its token (RFC 9449 §7.1)', () => {
  const proof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
  const accessToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
  assert.equal(accessTokenHash(accessToken), 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
  const request: ExpectedProof = {
    method: 'GET',
    url: 'https://resource.example.org/protectedresource',
    nowSeconds: 1_562_262_618,
    accessToken,
    boundTo: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
  }
  const verified = verifyDpopProof(proof, request)
  assert.equal(Reflect.get(verified, 'ath'), accessTokenHash(accessToken))
  assert.equal(refusedAs(proof, { ...request, accessToken: `${accessToken}x` }), 'invalid_dpop_proof')
})

test('our proofs are right with every algorithm, and jose’s are too (RFC 9449 §4.2)', async () => {
  for (const algorithm of signingAlgorithms) {
    const signer = generateSigningKey(algorithm)
    const proof = createDpopProof(signer, claims)
    const jkt = jwkThumbprint(signer.publicJwk)
    assert.equal(Reflect.get(verifyDpopProof(proof, expected), 'jkt'), jkt)
    const header = JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString())
    assert.deepEqual(Object.keys(header).sort(), ['alg', 'jwk', 'typ'])
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = exportPrivateJwk(signer)
    const theirs = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: 'dpop+jwt', jwk })
      .sign(await importJWK({ ...exportPrivateJwk(signer) }, algorithm))
    assert.equal(Reflect.get(verifyDpopProof(theirs, expected), 'jkt'), jkt)
  }
})

test('S39 two proofs in one header, a private JWK, a wrong typ, no jwk are invalid_dpop_proof (RFC 9449 §4.3)', () => {
  const proof = createDpopProof(key, claims)
  assert.equal(refusedAs(`${proof}, ${proof}`), 'invalid_dpop_proof')
  assert.equal(refusedAs(`${proof},${proof}`), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'dpop+jwt', exportPrivateJwk(key))), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'JWT')), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'at+jwt')), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'dpop+jwt', null)), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'dpop+jwt', { kty: 'oct', k: 'AAAA' })), 'invalid_dpop_proof')
  assert.equal(refusedAs(forge({}, 'dpop+jwt', generateSigningKey('ES256').publicJwk)), 'invalid_dpop_proof')
  assert.equal(refusedAs(''), 'invalid_dpop_proof')
})

test('S39 htm is the method, case included (RFC 9449 §4.3)', () => {
  for (const htm of ['post', 'GET', '', 7, undefined]) assert.equal(refusedAs(forge({ htm })), 'invalid_dpop_proof')
})

test('S39 S40 htu is the address without query and fragment, in any equal spelling (RFC 9449 §4.3)', () => {
  for (const htu of [
    'https://server.example.com:443/token',
    'HTTPS://SERVER.example.com/%74oken',
    'https://server.example.com/token?x#y',
  ])
    assert.ok('jkt' in verifyDpopProof(forge({ htu }), { ...expected, url: `${expected.url}?grant=1` }), htu)
  for (const htu of [
    'https://server.example.com/token/',
    'http://server.example.com/token',
    '/token',
    '',
    7,
    undefined,
  ])
    assert.equal(refusedAs(forge({ htu })), 'invalid_dpop_proof', String(htu))
})

test('S41 jti is there and no longer than 512; its hash tells key, address and jti apart (RFC 9449 §11.1)', () => {
  for (const jti of [undefined, '', 7, 'j'.repeat(513)]) assert.equal(refusedAs(forge({ jti })), 'invalid_dpop_proof')
  const hashOf = (proof: string, url = expected.url) =>
    Reflect.get(verifyDpopProof(proof, { ...expected, url }), 'jtiHash')
  const elsewhere = 'https://server.example.com/other'
  const one = hashOf(createDpopProof(key, claims))
  assert.equal(hashOf(createDpopProof(key, { ...claims, iat: now + 1 })), one)
  assert.notEqual(hashOf(createDpopProof(key, { ...claims, jti: 'jti-2' })), one)
  assert.notEqual(hashOf(createDpopProof(key, { ...claims, htu: elsewhere }), elsewhere), one)
  assert.notEqual(hashOf(createDpopProof(generateSigningKey('ES256'), claims)), one)
  assert.equal(String(one).length, 43)
})

test('a proof is good from 10 s before to 60 s after its iat, and is remembered that long (RFC 9449 §4.3, §11.1)', () => {
  for (const [iat, good] of [
    [now + 10, true],
    [now + 11, false],
    [now - 60, true],
    [now - 61, false],
  ] as const) {
    const verified = verifyDpopProof(createDpopProof(key, { ...claims, iat }), expected)
    assert.equal('jkt' in verified, good, String(iat - now))
    if ('jkt' in verified) {
      const last = { ...expected, nowSeconds: verified.expiresAt }
      assert.equal(refusedAs(createDpopProof(key, { ...claims, iat }), last), 'invalid_dpop_proof')
    }
  }
  for (const iat of [undefined, '1', -1, null]) assert.equal(refusedAs(forge({ iat })), 'invalid_dpop_proof')
})

test('S43 with an access token ath is required and must be its hash (RFC 9449 §4.3, §7.1)', () => {
  const request = { ...expected, accessToken: 'token' }
  assert.ok('jkt' in verifyDpopProof(createDpopProof(key, { ...claims, ath: accessTokenHash('token') }), request))
  assert.equal(refusedAs(createDpopProof(key, claims), request), 'invalid_dpop_proof')
  assert.equal(
    refusedAs(createDpopProof(key, { ...claims, ath: accessTokenHash('other') }), request),
    'invalid_dpop_proof',
  )
})

test('a proof by another key than the bound one is refused (RFC 9449 §4.3 check 12)', () => {
  const boundTo = jwkThumbprint(key.publicJwk)
  assert.ok('jkt' in verifyDpopProof(createDpopProof(key, claims), { ...expected, boundTo }))
  assert.equal(
    refusedAs(createDpopProof(generateSigningKey('ES256'), claims), { ...expected, boundTo }),
    'invalid_dpop_proof',
  )
})

test('S44 a missing, foreign or stale nonce is use_dpop_nonce; only where all else is right (RFC 9449 §8, §9)', () => {
  const nonces = dpopNonces(new Uint8Array(32).fill(7))
  const request = { ...expected, nonce: (nonce: string | undefined) => nonces.accepts(nonce, now) }
  assert.equal(refusedAs(createDpopProof(key, claims), request), 'use_dpop_nonce')
  assert.equal(refusedAs(createDpopProof(key, { ...claims, nonce: 'guessed' }), request), 'use_dpop_nonce')
  assert.equal(refusedAs(forge({ nonce: 7 }), request), 'use_dpop_nonce')
  assert.ok('jkt' in verifyDpopProof(createDpopProof(key, { ...claims, nonce: nonces.issue(now) }), request))
  assert.equal(refusedAs(forge({ htm: 'GET' }), request), 'invalid_dpop_proof')
  assert.equal(refusedAs(createDpopProof(key, { ...claims, iat: now - 999 }), request), 'use_dpop_nonce')
})

test('only the algorithms asked for are accepted (FAPI 2.0 §5.4)', () => {
  const proof = createDpopProof(generateSigningKey('RS256'), claims)
  assert.ok('jkt' in verifyDpopProof(proof, expected))
  assert.equal(refusedAs(proof, { ...expected, algorithms: ['ES256'] }), 'invalid_dpop_proof')
})

test('remembered keys give the same verdicts', () => {
  const importKey = rememberKeys()
  for (let round = 0; round < 2; round += 1) {
    assert.ok('jkt' in verifyDpopProof(createDpopProof(key, claims), { ...expected, importKey }))
    assert.equal(
      refusedAs(forge({}, 'dpop+jwt', exportPrivateJwk(key)), { ...expected, importKey }),
      'invalid_dpop_proof',
    )
  }
})

test('a refusal shows neither the proof nor the token', () => {
  const token = 'secret-token'
  const proof = createDpopProof(key, claims)
  const shown = JSON.stringify(verifyDpopProof(proof, { ...expected, accessToken: token }))
  assert.ok(!shown.includes(token) && !shown.includes(proof.slice(-20)))
})

test('no proof makes the verifier throw', () => {
  const change = fc.record(
    { htm: fc.anything(), htu: fc.anything(), jti: fc.anything(), iat: fc.anything(), ath: fc.anything() },
    { requiredKeys: [] },
  )
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void verifyDpopProof(text, expected)))
  fc.assert(
    fc.property(change, fc.json(), (members, jwk) => {
      fc.pre(isSerializable(members))
      void verifyDpopProof(forge(members), expected)
      void verifyDpopProof(forge({}, 'dpop+jwt', JSON.parse(jwk)), expected)
    }),
  )
})

function isSerializable(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined
  } catch (error) {
    return !(error instanceof TypeError)
  }
}
