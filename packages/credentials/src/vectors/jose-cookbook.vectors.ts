import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signingAlgorithms } from '../algorithms.ts'
import { encodeBase64url } from '../base64url.ts'
import { importPublicJwk } from '../jwk.ts'
import { type ParsedJws, parseCompactJws, verifyJws } from '../jws.ts'
import { signNow } from '../sign.ts'
import { importPrivateJwk } from '../signing-key.ts'
import { readVectors } from './vector-folder.ts'

interface JwsExample {
  readonly input: { readonly payload: string; readonly alg: string; readonly key: Readonly<Record<string, string>> }
  readonly signing: { readonly 'sig-input': string; readonly sig: string }
  readonly output: { readonly compact: string }
}

function publicMembers({ kty, kid, use, crv, x, y, n, e }: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries({ kty, kid, use, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  )
}

function parse(compact: string): ParsedJws {
  const parsed = parseCompactJws(compact)
  assert.ok(!('refused' in parsed), 'a right JWS was refused')
  return parsed
}

function verifies(path: string) {
  const { input, output } = readVectors<JwsExample>(path)
  const parsed = parse(output.compact)
  const key = importPublicJwk(publicMembers(input.key))
  assert.ok(!('refused' in key))
  assert.equal(Buffer.from(parsed.payload).toString(), input.payload)
  assert.equal(verifyJws(parsed, key, signingAlgorithms), true)
  const other = { ...parsed, signingInput: `${parsed.signingInput.slice(0, -1)}A` }
  assert.equal(verifyJws(other, key, signingAlgorithms), false)
}

function signsTheSame(path: string, algorithm: 'RS256' | 'EdDSA') {
  const { input, signing } = readVectors<JwsExample>(path)
  const key = importPrivateJwk(input.key, algorithm)
  assert.ok(!('refused' in key))
  assert.equal(signNow(key, signing['sig-input']), signing.sig)
}

function refusesAlgorithm(path: string) {
  const { output } = readVectors<JwsExample>(path)
  assert.equal(Reflect.get(parseCompactJws(output.compact), 'refused'), 'wrong_algorithm')
}

test('the RS256 example verifies, and our signature is the same (RFC 7520 §4.1)', () => {
  verifies('jose-cookbook/jws/4_1.rsa_v15_signature.json')
  signsTheSame('jose-cookbook/jws/4_1.rsa_v15_signature.json', 'RS256')
})

test('the Ed25519 example verifies, and our signature is the same (RFC 8037 A.4, A.5)', () => {
  verifies('jose-cookbook/curve25519/jws.json')
  signsTheSame('jose-cookbook/curve25519/jws.json', 'EdDSA')
})

test('the PS384, ES512 and HS256 examples are refused by their alg (RFC 7520 §4.2 to §4.4)', () => {
  refusesAlgorithm('jose-cookbook/jws/4_2.rsa-pss_signature.json')
  refusesAlgorithm('jose-cookbook/jws/4_3.ecdsa_signature.json')
  refusesAlgorithm('jose-cookbook/jws/4_4.hmac-sha2_integrity_protection.json')
})

test('an unencoded payload is refused with its b64 header (RFC 7797 §6)', () => {
  for (const path of [
    'jose-cookbook/rfc7797/4.2.hmac-sha2_b64_false.json',
    'jose-cookbook/rfc7797/hmac-sha2_b64_false.json',
  ]) {
    const { signing } = readVectors<{ signing: { protected: object } }>(path)
    const header = encodeBase64url(JSON.stringify({ ...signing.protected, alg: 'ES256' }))
    assert.equal(Reflect.get(parseCompactJws(`${header}.Zm9v.Zm9v`), 'refused'), 'malformed')
  }
})

test('the RSA keys are read, the private one as the public one’s other half (RFC 7520 §3.3, §3.4)', () => {
  const published = importPublicJwk(readVectors('jose-cookbook/jwk/3_3.rsa_public_key.json'))
  const kept = importPrivateJwk(readVectors('jose-cookbook/jwk/3_4.rsa_private_key.json'), 'PS256')
  assert.ok(!('refused' in published) && !('refused' in kept))
  assert.equal(kept.kid, published.kid)
  assert.equal(Reflect.get(importPublicJwk({ ...kept.publicJwk }), 'thumbprint'), published.thumbprint)
})

test('keys of other curves, symmetric and private keys are refused where a public key is expected (RFC 7520 §3)', () => {
  const paths = ['3_1.ec_public_key', '3_2.ec_private_key', '3_4.rsa_private_key', '3_5.symmetric_key_mac_computation']
  for (const path of paths) {
    const key = importPublicJwk(readVectors(`jose-cookbook/jwk/${path}.json`))
    assert.equal(Reflect.get(key, 'refused'), 'invalid_jwk', path)
  }
})
