import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually, median } from '../eventually.ts'
import type { RedisServer } from './redis.ts'
import { now, open, own } from './redis-opened.ts'

test('while Redis is away every claim is refused and the alarm is raised once; it serves again within a second of its return (median of 5)', async t => {
  const mine = await own(t)
  const { redis, told } = await open(t, mine)
  assert.equal(await redis.claims.claim('acme', 'proof', 'early', now() + 300), 'won')
  await mine.kill()
  for (let n = 0; n < 20; n += 1) {
    await assert.rejects(redis.claims.claim('acme', 'proof', `h${n}`, now() + 300), {
      name: 'StoreError',
      code: /unreachable|outcome_unknown/,
    })
    await wait(20)
  }
  assert.deepEqual(told(), ['lost'])
  const tookMs: number[] = []
  for (let round = 1; round <= 5; round += 1) {
    await mine.start()
    const returned = performance.now()
    await eventually(() => claims(redis, 'again'), 'it serves again')
    tookMs.push(performance.now() - returned)
    assert.deepEqual(told().slice(0, 2), ['lost', 'back'])
    await mine.kill()
  }
  assert.ok(median(tookMs) < 1_000, `${tookMs} ms`)
})

test('after Redis lost its memory a value that was claimed before is lost, for each process, and a new one is won', async t => {
  const mine = await own(t)
  const made = now()
  const [here, there] = [await open(t, mine), await open(t, mine)]
  const early = Array.from({ length: 50 }, (_, n) => `early ${n}`)
  for (const hash of early) await here.redis.claims.claim('acme', 'proof', hash, made + 60)
  await mine.kill()
  await mine.start()
  const late = await open(t, mine)
  await wait(150)
  for (const { redis } of [here, there, late]) {
    const verdicts = await Promise.all(early.map(hash => redis.claims.claim('acme', 'proof', hash, made + 60)))
    assert.deepEqual([...new Set(verdicts)], ['lost'])
  }
  await wait(2_100) // made in a second after the loss
  const fresh = now() + 60
  for (const [n, { redis }] of [here, there, late].entries()) {
    assert.equal(await redis.claims.claim('acme', 'proof', `new ${n}`, fresh), 'won')
    assert.equal(await redis.claims.claim('acme', 'proof', `new ${n}`, fresh), 'lost')
  }
  assert.ok(here.told().includes('memory_lost'))
})

test('a server that is killed 10 times under load never lets one value win twice', async t => {
  const mine = await own(t)
  const { redis } = await open(t, mine, { claimKinds: { proof: { lifetimeSeconds: 5 } } })
  const wins = new Map<string, number>()
  let running = true
  const lane = async (name: string) => {
    for (let n = 0; running; n += 1) {
      const [hash, expiresAt] = [`${name} ${n}`, now() + 5]
      for (let use = 0; use < 4; use += 1) {
        const verdict = await redis.claims.claim('acme', 'proof', hash, expiresAt).catch(() => 'refused')
        if (verdict === 'won') wins.set(hash, (wins.get(hash) ?? 0) + 1)
        await wait(verdict === 'refused' ? 20 : 2)
      }
    }
  }
  const lanes = Array.from({ length: 16 }, (_, n) => lane(`lane ${n}`))
  for (let kill = 0; kill < 10; kill += 1) {
    await wait(200)
    await mine.kill()
    await mine.start()
  }
  await eventually(() => wins.size > 500, 'five hundred are won')
  running = false
  await Promise.all(lanes)
  for (const [hash, times] of wins) assert.equal(times, 1, hash)
})

test('a server that hangs is given up after a second: the claim is refused, and the next finds it when it is back', async t => {
  const mine = await own(t)
  const { redis, told } = await open(t, mine)
  await redis.claims.claim('acme', 'proof', 'early', now() + 300)
  mine.freeze()
  const asked = Date.now()
  await assert.rejects(redis.claims.claim('acme', 'proof', 'hung', now() + 300), { code: 'outcome_unknown' })
  assert.ok(Date.now() - asked >= 900, 'it has a second')
  assert.deepEqual(told(), ['lost'])
  mine.thaw()
  await eventually(() => claims(redis, 'hung'), 'it serves again')
  assert.equal(await redis.claims.claim('acme', 'proof', 'hung', now() + 300), 'lost')
})

test('rate limits of a Redis that is away are open or closed as configured, and raise the alarm', async t => {
  const mine = await own(t)
  const [open_, closed] = [
    await open(t, mine, { rateLimitsWhenLost: 'open' }),
    await open(t, mine, { rateLimitsWhenLost: 'closed' }),
  ]
  await mine.kill()
  const use = ({ redis }: typeof open_) => redis.rateLimits.use('acme', 'token', 'a', { count: 1, periodSeconds: 60 })
  assert.deepEqual(await use(open_), { allowed: true, remaining: undefined })
  assert.deepEqual(await use(closed), { allowed: false, retryAfterSeconds: 1 })
  assert.deepEqual([open_.told(), closed.told()], [['lost'], ['lost']])
})

test('a Redis that is full, or takes no writes, refuses a claim and says why', async t => {
  const full = await own(t, ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'])
  const claim = async (to: RedisServer) => (await open(t, to)).redis.claims.claim('acme', 'proof', 'h', now() + 300)
  await assert.rejects(claim(full), { name: 'StoreError', code: 'disk_full', message: /OOM/ })
  const primary = await own(t)
  const replica = await own(t, ['--replicaof', `127.0.0.1 ${primary.port}`])
  await assert.rejects(claim(replica), { name: 'StoreError', code: 'read_only', message: /READONLY/ })
})

test('a Redis that may evict claims is an alarm when it is opened', async t => {
  const mine = await own(t, ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'])
  assert.deepEqual((await open(t, mine)).told(), ['evicts'])
})

test('a Redis that is away at the start is an alarm, and is used when it comes', async t => {
  const mine = await own(t)
  await mine.kill()
  const { redis, told } = await open(t, mine)
  assert.deepEqual(told(), ['lost'])
  await mine.start()
  await eventually(() => claims(redis, 'h'), 'it is used')
})

/** Whether a claim is judged at all. */
const claims = (redis: Awaited<ReturnType<typeof open>>['redis'], hash: string): Promise<boolean> =>
  redis.claims.claim('acme', 'proof', hash, now() + 300).then(
    () => true,
    () => false,
  )
