import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberKeys } from './remembered-keys.ts'
import { exportPrivateJwk, generateSigningKey } from './signing-key.ts'

const [one, two, three] = [generateSigningKey('ES256'), generateSigningKey('ES256'), generateSigningKey('ES256')]

test('a key read twice is one key, and the oldest is forgotten when there is no room', () => {
  const importKey = rememberKeys(2)
  const first = importKey({ ...one.publicJwk })
  assert.equal(importKey({ ...one.publicJwk }), first)
  importKey(two.publicJwk)
  importKey(three.publicJwk)
  assert.notEqual(importKey({ ...one.publicJwk }), first)
})

test('a refused key is refused again, also beside a remembered one', () => {
  const importKey = rememberKeys()
  importKey(one.publicJwk)
  for (let round = 0; round < 2; round += 1) {
    assert.equal(Reflect.get(importKey(exportPrivateJwk(one)), 'refused'), 'invalid_jwk')
    assert.equal(Reflect.get(importKey({ ...one.publicJwk, use: 'enc' }), 'refused'), 'invalid_jwk')
    assert.equal(Reflect.get(importKey(undefined), 'refused'), 'invalid_jwk')
  }
})
