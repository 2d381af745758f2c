import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { signingAlgorithms } from './algorithms.ts'
import { parseCompactJws, verifyJws } from './jws.ts'
import { signJwtNow } from './sign.ts'
import { exportPrivateJwk, generateSigningKey, importPrivateJwk, verifyKeyOf } from './signing-key.ts'

for (const algorithm of signingAlgorithms) {
  test(`an ${algorithm} key comes back from its private JWK and signs for the same public key (RFC 7517)`, () => {
    const key = generateSigningKey(algorithm)
    const back = importPrivateJwk(JSON.parse(JSON.stringify(exportPrivateJwk(key))), algorithm)
    assert.ok(!('refused' in back))
    assert.deepEqual(back.publicJwk, key.publicJwk)
    const parsed = parseCompactJws(signJwtNow({ typ: 'JWT', claims: {}, key: back }))
    assert.ok(!('refused' in parsed))
    assert.equal(verifyJws(parsed, verifyKeyOf(key), [algorithm]), true)
  })
}

test('the public half shows no private member', () => {
  for (const algorithm of signingAlgorithms) {
    const names = Object.keys(generateSigningKey(algorithm).publicJwk)
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!names.includes(secret))
  }
})

test('halves of two keys are refused, with every algorithm', () => {
  for (const algorithm of signingAlgorithms) {
    const [one, two] = [generateSigningKey(algorithm), generateSigningKey(algorithm)]
    const mixed = { ...exportPrivateJwk(one), ...two.publicJwk }
    assert.equal(Reflect.get(importPrivateJwk(mixed, algorithm), 'refused'), 'invalid_jwk', algorithm)
  }
})

test('another secret, another alg, another use and another curve are refused', () => {
  const [one, two] = [exportPrivateJwk(generateSigningKey('ES256')), exportPrivateJwk(generateSigningKey('ES256'))]
  assert.equal(Reflect.get(importPrivateJwk({ ...one, d: two.d }, 'ES256'), 'refused'), 'invalid_jwk')
  assert.equal(Reflect.get(importPrivateJwk(one, 'EdDSA'), 'refused'), 'invalid_jwk')
  assert.equal(Reflect.get(importPrivateJwk({ ...one, use: 'enc' }, 'ES256'), 'refused'), 'invalid_jwk')
  const { alg: _alg, ...unlabelled } = exportPrivateJwk(generateSigningKey('EdDSA'))
  assert.equal(Reflect.get(importPrivateJwk(unlabelled, 'ES256'), 'refused'), 'invalid_jwk')
})

test('no value makes the import throw', () => {
  const jwk = exportPrivateJwk(generateSigningKey('ES256'))
  const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'd', 'kid', 'alg', 'use')
  fc.assert(
    fc.property(member, fc.anything(), (name, value) => void importPrivateJwk({ ...jwk, [name]: value }, 'ES256')),
  )
  fc.assert(fc.property(fc.anything(), value => void importPrivateJwk(value, 'ES256')))
})
