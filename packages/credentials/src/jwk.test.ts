import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { exportJWK, generateKeyPair } from 'jose'
import { importPublicJwk } from './jwk.ts'
import { exportPrivateJwk, generateSigningKey } from './signing-key.ts'

const ec = generateSigningKey('ES256').publicJwk
const okp = generateSigningKey('EdDSA').publicJwk
const rsa = generateSigningKey('PS256').publicJwk

const refused = (jwk: unknown) => Reflect.get(importPublicJwk(jwk), 'refused') === 'invalid_jwk'

test('keys that jose made are read', async () => {
  for (const alg of ['ES256', 'PS256', 'RS256', 'EdDSA'] as const) {
    const { publicKey } = await generateKeyPair(alg, { extractable: true })
    const key = importPublicJwk(await exportJWK(publicKey))
    assert.ok(!('refused' in key) && key.algorithms.includes(alg))
    assert.equal(key.kid, key.thumbprint)
  }
})

test('a key verifies what its kty and crv fit, narrowed by its alg (S23, RFC 8725 §3.1)', () => {
  const { alg: _alg, ...anyRsa } = rsa
  assert.deepEqual(Reflect.get(importPublicJwk(anyRsa), 'algorithms'), ['PS256', 'RS256'])
  assert.deepEqual(Reflect.get(importPublicJwk(rsa), 'algorithms'), ['PS256'])
  assert.ok(refused({ ...rsa, alg: 'ES256' }))
  assert.ok(refused({ ...ec, alg: 'EdDSA' }))
  for (const alg of ['none', 'HS256', 'ES384', 'RSA-OAEP', '', 7, null]) assert.ok(refused({ ...ec, alg }), String(alg))
})

test('private and symmetric members are refused, whatever their value (RFC 7517 §9.2, RFC 9449 §4.3)', () => {
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])
    for (const jwk of [ec, okp, rsa]) assert.ok(refused({ ...jwk, [member]: undefined }), member)
  assert.ok(refused(exportPrivateJwk(generateSigningKey('ES256'))))
  assert.ok(refused({ kty: 'oct', k: 'AAAA' }))
})

test('use and key_ops for anything but verifying are refused (RFC 7517 §4.2, §4.3)', () => {
  assert.ok(refused({ ...ec, use: 'enc' }))
  assert.ok(refused({ ...ec, key_ops: ['sign'] }))
  assert.ok(refused({ ...ec, key_ops: ['verify', 'verify'] }))
  assert.ok(refused({ ...ec, key_ops: 'verify' }))
  assert.ok(!refused({ ...ec, key_ops: ['verify'], ext: true, x5c: [], unknown: 1 }))
})

test('coordinates have their full length and lie on the curve (RFC 7518 §6.2.1.2)', () => {
  assert.equal(ec.kty, 'EC')
  const x = 'x' in ec ? ec.x : ''
  const bytes = Buffer.from(x, 'base64url')
  assert.ok(refused({ ...ec, x: bytes.subarray(1).toString('base64url') }))
  assert.ok(refused({ ...ec, x: Buffer.concat([Buffer.alloc(1), bytes]).toString('base64url') }))
  assert.ok(refused({ ...ec, x: `${x}=` }))
  assert.ok(refused({ ...ec, y: x }))
  assert.ok(refused({ ...ec, crv: 'P-384' }))
  assert.ok(refused({ ...okp, crv: 'X25519' }))
  assert.ok(refused({ ...okp, x: 'AAAA' }))
})

test('weak RSA keys are refused: 1024 bits, e of 1, 2, 3 or even, a leading zero (RFC 7518 §3.3, FIPS 186-5 §5.4)', () => {
  const n = 'n' in rsa ? Buffer.from(rsa.n, 'base64url') : Buffer.alloc(0)
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  assert.equal(Reflect.get(importPublicJwk(weak), 'got'), '1024')
  assert.ok(refused({ ...rsa, n: Buffer.concat([Buffer.alloc(1), n]).toString('base64url') }))
  assert.ok(refused({ ...rsa, n: Buffer.concat([n, n, n, n, n]).toString('base64url') }))
  for (const e of ['AQ', 'Ag', 'Aw', 'AQAA', 'AAEAAQ', '']) assert.ok(refused({ ...rsa, e }), e)
})

test('kid is a short string, and where it is missing the thumbprint (RFC 7517 §4.5)', () => {
  const { kid: _kid, ...unnamed } = ec
  const key = importPublicJwk(unnamed)
  assert.ok(!('refused' in key) && key.kid === key.thumbprint)
  for (const kid of [7, null, {}, 'k'.repeat(513)]) assert.ok(refused({ ...ec, kid }))
})

test('no value makes the import throw', () => {
  const members = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use', 'key_ops', 'd')
  const change = fc.tuple(fc.constantFrom(ec, okp, rsa), members, fc.anything())
  fc.assert(fc.property(change, ([jwk, member, value]) => void importPublicJwk({ ...jwk, [member]: value })))
  fc.assert(fc.property(fc.anything(), value => void importPublicJwk(value)))
})
