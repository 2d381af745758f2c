import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dpopNonces } from './dpop-nonce.ts'

const key = new Uint8Array(32).fill(1)

test('a nonce is good in its slot and the next one: two to four minutes (RFC 9449 §8)', () => {
  fc.assert(
    fc.property(fc.nat(4e9), fc.integer({ min: -600, max: 600 }), (at, later) => {
      const slots = Math.floor((at + later) / 120) - Math.floor(at / 120)
      const accepted = dpopNonces(key).accepts(dpopNonces(key).issue(at), at + later)
      assert.equal(accepted, slots === 0 || slots === 1)
    }),
  )
})

test('replicas with one key accept each other’s nonces; another key does not', () => {
  const nonce = dpopNonces(key).issue(1000)
  assert.equal(dpopNonces(key.slice()).accepts(nonce, 1000), true)
  assert.equal(dpopNonces(new Uint8Array(32).fill(2)).accepts(nonce, 1000), false)
})

test('missing and invented nonces are refused', () => {
  const nonces = dpopNonces(key)
  assert.equal(nonces.accepts(undefined, 1000), false)
  fc.assert(fc.property(fc.string(), nonce => assert.equal(nonces.accepts(nonce, 1000), false)))
})

test('a nonce fits a header as it is (RFC 9449 §8.1 NQCHAR)', () => {
  assert.match(dpopNonces(key).issue(1000), /^[A-Za-z0-9_-]{43}$/)
})

test('a short key is refused', () => {
  assert.throws(() => dpopNonces(new Uint8Array(31)))
})
