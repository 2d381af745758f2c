import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually, median } from '../eventually.ts'
import { type RedisServer, startRedisCluster, tell } from './redis.ts'
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

test('a server that hangs is given up after a second: this claim and all others are refused in time, and the next finds it when it is back', async t => {
  const mine = await own(t)
  const { redis, told } = await open(t, mine)
  await redis.claims.claim('acme', 'proof', 'early', now() + 300)
  mine.freeze()
  const asked = Date.now()
  await assert.rejects(redis.claims.claim('acme', 'proof', 'hung', now() + 300), { code: 'outcome_unknown' })
  assert.ok(Date.now() - asked >= 900, 'it has a second')
  // Its kernel takes connections on, and nobody says a word on them.
  for (const hash of ['second', 'third']) {
    await assert.rejects(inTime(redis.claims.claim('acme', 'proof', hash, now() + 300)), { code: 'unreachable' })
    await wait(150)
  }
  assert.deepEqual(told(), ['lost'])
  mine.thaw()
  await eventually(() => claims(redis, 'hung'), 'it serves again')
  assert.equal(await redis.claims.claim('acme', 'proof', 'hung', now() + 300), 'lost')
  assert.deepEqual(told(), ['lost', 'back'])
})

test('a server, or a cluster, that hangs at the start is an alarm, and is used with its wake-ups when it goes on', async t => {
  const cluster = await startRedisCluster()
  t.after(() => cluster.stop())
  const mine = await own(t)
  for (const [urls, servers] of [
    [[mine.url], [mine]],
    [cluster.urls, cluster.servers],
  ] as const) {
    for (const server of servers) server.freeze()
    const { redis, told } = await inTime(open(t, mine, { urls }))
    assert.deepEqual(told(), ['lost'])
    let woken = 0
    redis.wakeUps.watch('acme', 'feed', () => woken++)
    await wait(2_500) // the listener has given up its first try too
    for (const server of servers) server.thaw()
    await eventually(() => claims(redis, 'h'), 'it is used')
    redis.wakeUps.watch('acme', 'other', () => undefined) // on a cluster the next one who watches tries again
    await eventually(async () => {
      await redis.wakeUps.wake('acme', 'feed')
      await wait(20)
      return woken > 0
    }, 'a wake-up arrives')
    await inTime(redis.close())
    for (const { port } of servers) await eventually(async () => (await ours(port)) === 0, 'no connection stays')
  }
})

test('a user without rights on the channel is told so once, and claims go on', async t => {
  const mine = await own(t)
  const may = '+eval +evalsha +info +get +set +del +time +publish +subscribe'
  await tell(mine.port, `ACL SETUSER sallyport on >hunter22 ~sallyport:* ${may}`)
  const urls = [mine.url.replace('//', '//sallyport:hunter22@')]
  const { redis, alarms } = await open(t, mine, { urls })
  redis.wakeUps.watch('acme', 'feed', () => undefined)
  for (let n = 0; n < 10; n += 1) {
    assert.equal(await claims(redis, `h${n}`), true)
    await wait(100)
  }
  assert.deepEqual(
    alarms.map(({ what }) => what),
    ['not_told'],
  )
  assert.match(alarms[0]?.message ?? '', /NOPERM.* Allow its user &sallyport:\*/)
  assert.match(await tell(mine.port, 'ACL LOG'), /^\*1\r\n.*count\r\n:1\r\n/s, 'it was asked once')
})

test('the ACL that the documentation names is enough for claims, rate limits and wake-ups, on a server and on a cluster', async t => {
  const text = readFileSync(new URL('../../docs/several-machines.md', import.meta.url), 'utf8')
  const [, rights] = /`(~sallyport:\* [^`]+)`/.exec(text) ?? assert.fail('no line of rights')
  const [, more] = /on a cluster also `([^`]+)`/.exec(text) ?? assert.fail('no line for a cluster')
  const cluster = await startRedisCluster()
  t.after(() => cluster.stop())
  const mine = await own(t)
  for (const [servers, all] of [
    [[mine], rights],
    [cluster.servers, `${rights} ${more}`],
  ] as const) {
    for (const { port } of servers) {
      assert.match(await tell(port, `ACL SETUSER sallyport on >hunter22 ${all}`), /OK/)
    }
    const urls = servers.map(({ url }) => url.replace('//', '//sallyport:hunter22@'))
    const { redis, told } = await open(t, mine, { urls })
    let woken = 0
    redis.wakeUps.watch('acme', 'feed', () => woken++)
    assert.ok(await claims(redis, 'h'))
    const limit = { count: 5, periodSeconds: 60 }
    assert.equal((await redis.rateLimits.use('acme', 'token', 'k', limit)).allowed, true)
    await redis.rateLimits.share('authority', 'token', 'k', limit, 1)
    await eventually(async () => {
      await redis.wakeUps.wake('acme', 'feed')
      await wait(20)
      return woken > 0
    }, 'a wake-up arrives')
    assert.deepEqual(told(), [])
  }
})

test('what is closed while it connects leaves no connection behind', async t => {
  const mine = await own(t)
  const { redis } = await open(t, mine)
  redis.wakeUps.watch('acme', 'feed', () => undefined)
  await redis.close()
  await wait(200)
  assert.equal(await ours(mine.port), 0)
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

/** How many clients a server has, without the one who asks. */
const ours = async (port: number): Promise<number> => (await tell(port, 'CLIENT LIST')).split(' resp=').length - 2

/** Two seconds for the connection, and what a busy machine adds. */
const inTime = <T>(asked: Promise<T>): Promise<T> =>
  Promise.race([asked, wait(4_000, undefined, { ref: false }).then(() => assert.fail('it hangs'))])

/** Whether a claim is judged at all. */
const claims = (redis: Awaited<ReturnType<typeof open>>['redis'], hash: string): Promise<boolean> =>
  redis.claims.claim('acme', 'proof', hash, now() + 300).then(
    () => true,
    () => false,
  )
