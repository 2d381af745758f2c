import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  announceKey,
  emptyKeyRing,
  type KeyRing,
  keyState,
  planRotation,
  publishedJwks,
  type RotationSchedule,
  rotateNow,
  signingKey,
  withoutKey,
} from './key-ring.ts'
import { generateSigningKey, type SigningKey } from './signing-key.ts'

const schedule: RotationSchedule = { announceSeconds: 100, signSeconds: 1000, retireSeconds: 300 }
const material = generateSigningKey('ES256')
const key = (kid: string): SigningKey => ({ ...material, kid, publicJwk: { ...material.publicJwk, kid } })
const kids = (ring: KeyRing, now: number) => publishedJwks(ring, now).keys.map(jwk => jwk.kid)

test('the first key of an algorithm signs at once', () => {
  const ring = announceKey(emptyKeyRing, key('k1'), 0, schedule)
  assert.equal(signingKey(ring, 'ES256', 0)?.kid, 'k1')
  assert.equal(signingKey(ring, 'EdDSA', 0), undefined)
})

test('a successor is announced, then signs, while the key before it verifies and is then removed', () => {
  const first = announceKey(emptyKeyRing, key('k1'), 0, schedule)
  assert.deepEqual(planRotation(first, 899, schedule), { announce: [], remove: [], nextAt: 900 })
  assert.deepEqual(planRotation(first, 900, schedule).announce, ['ES256'])
  const ring = announceKey(first, key('k2'), 900, schedule)
  const stateOf = (now: number) => ring.keys.map(entry => keyState(entry, now))
  assert.deepEqual(stateOf(900), ['signing', 'announced'])
  assert.deepEqual(stateOf(1000), ['retired', 'signing'])
  assert.deepEqual(stateOf(1300), ['removed', 'signing'])
  assert.equal(signingKey(ring, 'ES256', 999)?.kid, 'k1')
  assert.equal(signingKey(ring, 'ES256', 1000)?.kid, 'k2')
  assert.deepEqual(kids(ring, 900), ['k1', 'k2'])
  assert.deepEqual(kids(ring, 1299), ['k1', 'k2'])
  assert.deepEqual(kids(ring, 1300), ['k2'])
  assert.deepEqual(planRotation(ring, 950, schedule), { announce: [], remove: [], nextAt: 1000 })
  assert.deepEqual(planRotation(ring, 1300, schedule).remove, ['k1'])
})

test('by command the fresh key signs now and the one before it verifies until its tokens are over', () => {
  const ring = rotateNow(announceKey(emptyKeyRing, key('k1'), 0, schedule), 'ES256', 50, schedule, () => key('k2'))
  assert.equal(signingKey(ring, 'ES256', 50)?.kid, 'k2')
  assert.deepEqual(kids(ring, 349), ['k1', 'k2'])
  assert.deepEqual(kids(ring, 350), ['k2'])
})

test('by command a key already announced is preferred to a fresh one, because verifiers know it', () => {
  const announced = announceKey(announceKey(emptyKeyRing, key('k1'), 0, schedule), key('k2'), 900, schedule)
  const ring = rotateNow(announced, 'ES256', 950, schedule, () => assert.fail('a fresh key was made'))
  assert.equal(signingKey(ring, 'ES256', 950)?.kid, 'k2')
  assert.deepEqual(kids(ring, 1250), ['k2'])
})

test('two announcers at once leave one key to sign', () => {
  const first = announceKey(emptyKeyRing, key('k1'), 0, schedule)
  const ring = announceKey(announceKey(first, key('k2'), 900, schedule), key('k3'), 900, schedule)
  assert.equal(signingKey(ring, 'ES256', 1000)?.kid, 'k3')
})

test('a key that leaked is gone at once', () => {
  const ring = announceKey(announceKey(emptyKeyRing, key('k1'), 0, schedule), key('k2'), 900, schedule)
  assert.deepEqual(kids(withoutKey(ring, 'k1'), 950), ['k2'])
})

test('the JWKS shows public members only (RFC 7517 §9.2)', () => {
  const [jwk] = publishedJwks(announceKey(emptyKeyRing, material, 0, schedule), 0).keys
  assert.deepEqual(Object.keys(jwk ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

test('however the clock runs, one key signs, it was published before by the schedule, and its tokens outlive no key', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 20, maxLength: 120 }), steps => {
      let ring = announceKey(emptyKeyRing, key('k0'), 0, schedule)
      let now = 0
      const signed: { kid: string; at: number }[] = []
      for (const step of steps) {
        now += step
        const plan = planRotation(ring, now, schedule)
        for (const _ of plan.announce) ring = announceKey(ring, key(`k${now}`), now, schedule)
        for (const kid of plan.remove) ring = withoutKey(ring, kid)
        const signer = signingKey(ring, 'ES256', now)
        assert.ok(signer !== undefined && kids(ring, now).includes(signer.kid))
        if (signer.kid !== 'k0') assert.ok(now - Number(signer.kid.slice(1)) >= schedule.announceSeconds)
        signed.push({ kid: signer.kid, at: now })
        for (const { kid, at } of signed)
          if (now - at < schedule.retireSeconds) assert.ok(kids(ring, now).includes(kid), `${kid} signed at ${at}`)
      }
    }),
    { numRuns: 50 },
  )
})
