import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { mintOpaqueToken, type OpaqueKind, opaqueKind, parseOpaqueToken, sameSecret } from './opaque-token.ts'

const kinds: readonly OpaqueKind[] = ['at', 'rt', 'ac', 'cs', 'ss', 'si', 'pr', 'dc', 'ak', 'su', 'rl']
const random = (length: number) => randomBytes(length)
const nowMs = 1_800_000_000_000

test('a minted token is read again as its own kind and no other', () => {
  for (const kind of kinds) {
    const { token, selector, secretHash } = mintOpaqueToken(kind, { nowMs, random })
    assert.deepEqual(parseOpaqueToken(token, kind), { selector, secretHash })
    assert.equal(opaqueKind(token), kind)
    for (const other of kinds) if (other !== kind) assert.equal(parseOpaqueToken(token, other), undefined)
  }
})

test('a token shows its prefix and needs no escaping anywhere; a leak scanner’s expression fits', () => {
  const { token } = mintOpaqueToken('at', { nowMs, random })
  assert.match(token, /^sp_at_[0-9A-Za-z]{69}$/)
})

test('selectors sort by time (PROTOTYPES 6)', () => {
  fc.assert(
    fc.property(fc.nat({ max: 4e12 }), fc.nat({ max: 4e12 }), (a, b) => {
      fc.pre(a !== b)
      const [first, second] = [a, b].map(at => mintOpaqueToken('rt', { nowMs: at, random }).selector)
      assert.equal(String(first) < String(second), a < b)
    }),
  )
})

test('the secret holds at least 256 random bits, every character equally likely (S25, OAuth 2.1 §7.7)', () => {
  assert.ok(43 * Math.log2(62) >= 256)
  const counts = new Map<string, number>()
  for (let round = 0; round < 2000; round += 1)
    for (const character of mintOpaqueToken('at', { nowMs, random }).token.slice(26, 69))
      counts.set(character, (counts.get(character) ?? 0) + 1)
  const mean = (2000 * 43) / 62
  assert.equal(counts.size, 62)
  for (const [character, count] of counts) assert.ok(Math.abs(count - mean) < 6 * Math.sqrt(mean), character)
})

test('the hash kept covers the whole secret and tells nothing of it', () => {
  const { token, secretHash } = mintOpaqueToken('cs', { nowMs, random })
  assert.ok(!secretHash.includes(token.slice(26, 69)))
  assert.equal(secretHash.length, 43)
  assert.notEqual(mintOpaqueToken('cs', { nowMs, random }).secretHash, secretHash)
})

test('one changed character is noticed by the checksum, before any look-up', () => {
  const { token } = mintOpaqueToken('at', { nowMs, random })
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'0Aaz9_-. é'), (at, character) => {
      fc.pre(token[at] !== character)
      assert.equal(opaqueKind(token.slice(0, at) + character + token.slice(at + 1)), undefined)
    }),
  )
})

test('unknown kinds, other lengths and any text at all are no token, and nothing throws', () => {
  const { token } = mintOpaqueToken('at', { nowMs, random })
  for (const bad of ['', token.slice(1), `${token}a`, token.replace('_at_', '_zz_'), token.toUpperCase()])
    assert.equal(opaqueKind(bad), undefined)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), text => assert.equal(opaqueKind(text), undefined)),
  )
})

test('a random source that is stuck makes no token', () => {
  assert.throws(() => mintOpaqueToken('at', { nowMs, random: length => new Uint8Array(length).fill(255) }))
})

test('hashes are equal only when they are the same', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(sameSecret(a, b), a === b)))
  fc.assert(fc.property(fc.string(), a => assert.equal(sameSecret(a, a), true)))
})
