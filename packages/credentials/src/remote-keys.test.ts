import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PublicJwk } from './jwk.ts'
import { type RemoteKeySetOptions, remoteKeySet } from './remote-keys.ts'
import { exportPrivateJwk, generateSigningKey, verifyKeyOf } from './signing-key.ts'

const [one, two, three] = [generateSigningKey('ES256'), generateSigningKey('ES256'), generateSigningKey('EdDSA')]

/** An issuer whose answer, failures and clock the test sets. */
function issuer(keys: readonly unknown[], options: Partial<RemoteKeySetOptions> = {}) {
  const world = { keys, now: 1000, fetches: 0, status: 200, down: false, body: undefined as string | undefined }
  const set = remoteKeySet({
    url: 'https://as.example/jwks',
    nowSeconds: () => world.now,
    fetch: async () => {
      world.fetches += 1
      await Promise.resolve()
      if (world.down) throw new TypeError('fetch failed')
      return { status: world.status, text: async () => world.body ?? JSON.stringify({ keys: world.keys }) }
    },
    ...options,
  })
  const kidOf = async (kid: string | undefined, alg: 'ES256' | 'EdDSA' = 'ES256') => {
    const found = await set.find(kid, alg)
    return typeof found === 'string' ? found : found.kid
  }
  return { world, set, kidOf }
}

test('keys are fetched at first need, once for everyone who waits, and kept', async () => {
  const { world, set, kidOf } = issuer([one.publicJwk, three.publicJwk])
  const found = await Promise.all(Array.from({ length: 50 }, () => kidOf(one.kid)))
  assert.deepEqual(new Set(found), new Set([one.kid]))
  assert.equal(world.fetches, 1)
  assert.equal(await kidOf(three.kid, 'EdDSA'), three.kid)
  assert.ok(!(set.find(one.kid, 'ES256') instanceof Promise), 'a known key is given without waiting')
  assert.equal(world.fetches, 1)
})

test('an unknown name causes one fetch, shared by all, and none within the cooldown', async () => {
  const { world, kidOf } = issuer([one.publicJwk])
  await kidOf(one.kid)
  world.keys = [one.publicJwk, two.publicJwk]
  world.now += 5
  assert.deepEqual(await Promise.all([kidOf(two.kid), kidOf(two.kid), kidOf('invented')]), [
    two.kid,
    two.kid,
    'unknown',
  ])
  assert.equal(world.fetches, 2)
  for (let round = 0; round < 20; round += 1) assert.equal(await kidOf(`invented-${round}`), 'unknown')
  assert.equal(world.fetches, 2)
  world.now += 5
  assert.equal(await kidOf('invented'), 'unknown')
  assert.equal(world.fetches, 3)
})

test('a key that signs at once, rotated by command, is found however lately the keys were fetched', async () => {
  const { world, kidOf } = issuer([one.publicJwk])
  assert.equal(await kidOf(one.kid), one.kid)
  world.keys = [one.publicJwk, two.publicJwk]
  assert.equal(await kidOf(two.kid), two.kid)
  world.keys = [one.publicJwk, two.publicJwk, three.publicJwk]
  assert.equal(await kidOf(three.kid, 'EdDSA'), three.kid)
  assert.equal(world.fetches, 3)
})

test('S75 while the issuer is down the kept keys serve for the stated time, then the answer is unavailable', async () => {
  const { world, kidOf } = issuer([one.publicJwk], { outageSeconds: 3600 })
  await kidOf(one.kid)
  world.down = true
  world.now += 3599
  assert.equal(await kidOf(one.kid), one.kid)
  world.now += 1
  assert.equal(await kidOf(one.kid), 'unavailable')
  world.down = false
  world.now += 5
  assert.equal(await kidOf(one.kid), one.kid)
})

test('S75 keys never had, and an unknown name during an outage, are unavailable and not unknown', async () => {
  const { world, set, kidOf } = issuer([one.publicJwk])
  world.down = true
  assert.equal(await kidOf(one.kid), 'unavailable')
  assert.match(set.describe(), /fetch failed/)
  world.down = false
  assert.equal(await kidOf(one.kid), 'unavailable', 'within the cooldown nothing is asked')
  assert.equal(world.fetches, 1)
  world.now += 5
  assert.equal(await kidOf(one.kid), one.kid)
  world.down = true
  world.now += 5
  assert.equal(await kidOf(two.kid), 'unavailable')
  assert.equal(await kidOf(one.kid), one.kid)
})

test('keys are refreshed in the background while the old ones serve, and removed ones go', async () => {
  const { world, set, kidOf } = issuer([one.publicJwk], { freshSeconds: 300 })
  await kidOf(one.kid)
  world.keys = [two.publicJwk]
  world.now += 300
  assert.equal(await kidOf(one.kid), one.kid)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(world.fetches, 2)
  assert.deepEqual(set.state().kids, [two.kid])
  assert.equal(await kidOf(one.kid), 'unknown')
})

test('two keys of one name are both unused; new material under an old name is found when a signature fails', async () => {
  const twin: PublicJwk = { ...two.publicJwk, kid: one.kid }
  const { world, set, kidOf } = issuer([one.publicJwk, twin])
  assert.equal(await kidOf(one.kid), 'unknown')
  world.keys = [twin]
  world.now += 5
  assert.equal(await kidOf(one.kid), one.kid)
  world.now += 5
  assert.equal((await set.renewed(verifyKeyOf(one)))?.thumbprint, verifyKeyOf(two).thumbprint)
})

test('keys of other kinds, private and broken ones are passed over (RFC 7517 §5)', async () => {
  const others = [{ kty: 'oct', k: 'AAAA' }, exportPrivateJwk(two), { ...two.publicJwk, use: 'enc' }, null, 7, {}]
  const { set, kidOf } = issuer([...others, one.publicJwk])
  assert.equal(await kidOf(one.kid), one.kid)
  assert.deepEqual(set.state().kids, [one.kid])
})

test('an answer that is no key set leaves the kept keys in place', async () => {
  const { world, set, kidOf } = issuer([one.publicJwk])
  await kidOf(one.kid)
  for (const body of [
    '',
    'null',
    '[]',
    '{}',
    '{"keys":{}}',
    '{"keys":[],"keys":[]}',
    `{"keys":"${'a'.repeat(600_000)}"}`,
  ]) {
    world.body = body
    world.now += 5
    assert.equal(await kidOf('invented'), 'unavailable', body.slice(0, 20))
    assert.deepEqual(set.state().kids, [one.kid])
  }
  world.body = undefined
  world.status = 500
  world.now += 5
  assert.equal(await kidOf('invented'), 'unavailable')
  assert.equal(set.state().lastError, 'https://as.example/jwks answered 500')
})

test('no answer of the issuer makes a look-up throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map(keys => `{"keys":[${keys}]}`),
      ),
      async body => {
        const { world, kidOf } = issuer([])
        world.body = body
        assert.ok(['unknown', 'unavailable'].includes(await kidOf('any')))
      },
    ),
  )
})
