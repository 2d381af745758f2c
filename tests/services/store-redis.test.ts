import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { composeStore, openRedis, type RedisAlarm, type RedisOptions } from '@sallyport/store'
import { storeContract } from '@sallyport/store/suite'
import { openScratch } from '../../packages/store/src/sqlite/scratch-store.ts'
import { composedModule } from './composed-store.ts'
import { type RedisServer, startRedis, startRedisCluster } from './redis.ts'

const now = () => Math.floor(Date.now() / 1000)

let server: RedisServer
before(async () => {
  server = await startRedis()
  await wait(1_100) // what a server of this second is asked may have been asked of the one before
})
after(() => server.stop())

let scratchCount = 0
storeContract('SQLite and Redis', async nowSeconds => {
  scratchCount += 1
  const prefix = `scratch${scratchCount}`
  const { store, path, dispose } = await openScratch(nowSeconds)
  const redis = await openRedis({
    urls: [server.url],
    prefix,
    claimKinds: { proof: { lifetimeSeconds: 0 }, assertion: { lifetimeSeconds: 0 } },
    rateLimitsWhenLost: 'closed',
    nowSeconds,
    onAlarm: ({ message }) => assert.fail(message),
  })
  return {
    store: composeStore(store, redis),
    shared: { module: composedModule, argument: JSON.stringify({ path, url: server.url, prefix }) },
    async dispose() {
      await redis.close()
      await dispose()
    },
  }
})

async function open(t: TestContext, to: RedisServer, more: Partial<RedisOptions> = {}) {
  const alarms: RedisAlarm[] = []
  const redis = await openRedis({
    urls: [to.url],
    claimKinds: { proof: { lifetimeSeconds: 60 } },
    rateLimitsWhenLost: 'closed',
    nowSeconds: now,
    onAlarm: alarm => alarms.push(alarm),
    ...more,
  })
  t.after(() => redis.close())
  return { redis, alarms, told: () => alarms.map(({ what }) => what) }
}

async function own(t: TestContext, settings: readonly string[] = []): Promise<RedisServer> {
  const started = await startRedis(settings)
  t.after(() => started.stop())
  return started
}

async function until(condition: () => Promise<boolean> | boolean, limitMs = 5_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await condition()); await wait(10))
    assert.ok(Date.now() < end, 'it did not happen in time')
}

test('while Redis is away every claim is refused and the alarm is raised once; it serves again within a second of its return', async t => {
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
  await mine.start()
  const answers = () =>
    redis.claims.claim('acme', 'proof', 'again', now() + 300).then(
      () => true,
      () => false,
    )
  await until(answers, 1_000)
  assert.deepEqual(told().slice(0, 2), ['lost', 'back'])
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
  await until(() => wins.size > 500)
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
  assert.ok(Date.now() - asked < 2_000)
  assert.deepEqual(told(), ['lost'])
  mine.thaw()
  await until(() =>
    redis.claims.claim('acme', 'proof', 'hung', now() + 300).then(
      () => true,
      () => false,
    ),
  )
  assert.equal(await redis.claims.claim('acme', 'proof', 'hung', now() + 300), 'lost')
})

test('a rate limit gives its count at once and then one an interval, to all processes together (GCRA)', async t => {
  const [here, there] = [await open(t, server, { prefix: 'rates' }), await open(t, server, { prefix: 'rates' })]
  const limit = { count: 10, periodSeconds: 2 }
  const use = (key = 'a') =>
    Promise.all(
      [here, there].flatMap(({ redis }) =>
        Array.from({ length: 10 }, () => redis.rateLimits.use('acme', 'token', key, limit)),
      ),
    )
  const began = Date.now()
  const first = await use()
  const allowed = first.filter(verdict => verdict.allowed).length
  assert.ok(allowed >= 10 && allowed <= 10 + Math.ceil((Date.now() - began) / 200), `${allowed} were allowed`)
  for (const verdict of first) if (!verdict.allowed) assert.equal(verdict.retryAfterSeconds, 1)
  assert.equal((await use('b')).filter(verdict => verdict.allowed).length >= 10, true)
  let more = 0
  while (Date.now() < began + 2_000) {
    if ((await here.redis.rateLimits.use('acme', 'token', 'a', limit)).allowed) more += 1
    await wait(20)
  }
  assert.ok(more >= 8 && more <= 11, `${more} in two seconds after the first`)
  const fresh = await here.redis.rateLimits.use('other', 'token', 'a', limit)
  assert.deepEqual(fresh, { allowed: true, remaining: 9 })
  const wrong = { count: 0, periodSeconds: 1 }
  await assert.rejects(here.redis.rateLimits.use('acme', 'token', 'a', wrong), { code: 'invalid_write' })
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
  await until(
    () =>
      redis.claims.claim('acme', 'proof', 'h', now() + 300).then(
        () => true,
        () => false,
      ),
    1_000,
  )
})

test('on a cluster keys of one tenant are on every node, and each script finds its own on one', async t => {
  const cluster = await startRedisCluster()
  t.after(() => cluster.stop())
  const alarms: string[] = []
  const redis = await openRedis({
    urls: cluster.urls,
    claimKinds: { proof: { lifetimeSeconds: 0 } },
    rateLimitsWhenLost: 'closed',
    nowSeconds: now,
    onAlarm: ({ message }) => alarms.push(message),
  })
  t.after(() => redis.close())
  await wait(1_100)
  const until_ = now() + 300
  const names = Array.from({ length: 300 }, (_, n) => `h}${n}{`)
  const claimAll = () => Promise.all(names.map(name => redis.claims.claim('a{c}me', 'proof', name, until_)))
  assert.deepEqual([...new Set(await claimAll())], ['won'])
  assert.deepEqual([...new Set(await claimAll())], ['lost'])
  const { createClient } = await import('@redis/client')
  for (const url of cluster.urls) {
    const client = createClient({ url })
    await client.connect()
    assert.ok((await client.dbSize()) > 20, 'a node has no share of the tenant')
    client.destroy()
  }
  const limit = { count: 2, periodSeconds: 60 }
  const uses = await Promise.all(Array.from({ length: 5 }, () => redis.rateLimits.use('acme', 'token', 'k', limit)))
  assert.equal(uses.filter(({ allowed }) => allowed).length, 2)
  let woken = 0
  redis.wakeUps.watch('acme', 'feed', () => {
    woken += 1
  })
  await until(async () => {
    await redis.wakeUps.wake('acme', 'feed')
    await wait(20)
    return woken > 0
  })
  assert.deepEqual(alarms, [])
})

test('a wake-up reaches watchers of that tenant and stream in other processes, also after Redis was away', async t => {
  const mine = await own(t)
  const [here, there] = [await open(t, mine), await open(t, mine)]
  const woken: string[] = []
  here.redis.wakeUps.watch('acme', 'feed', () => woken.push('feed'))
  const stop = here.redis.wakeUps.watch('acme', 'other', () => woken.push('other'))
  const reaches = async () => {
    await there.redis.wakeUps.wake('acme', 'feed')
    await wait(20)
    return woken.length > 0
  }
  await until(reaches)
  await there.redis.wakeUps.wake('else', 'feed')
  stop()
  await there.redis.wakeUps.wake('acme', 'other')
  await wait(100)
  assert.ok(!woken.includes('other'))
  await mine.kill()
  await mine.start()
  woken.length = 0
  await until(reaches)
})

test('an idle connection does not keep its process alive, and the driver is loaded only when Redis is opened', async () => {
  const program = `
    import { createRequire } from 'node:module'
    import { openRedis } from '@sallyport/store'
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('/@redis/client/'))
    const before = loaded()
    const redis = await openRedis({ urls: ['${server.url}'], claimKinds: { proof: { lifetimeSeconds: 0 } },
      rateLimitsWhenLost: 'open', nowSeconds: () => Math.floor(Date.now() / 1000), onAlarm: console.log })
    redis.wakeUps.watch('acme', 'feed', () => undefined)
    console.log(before, loaded(), await redis.claims.claim('acme', 'proof', 'idle process', 4e9))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  assert.deepEqual(await Promise.race([once(child, 'exit'), wait(20_000, undefined, { ref: false })]), [0, null])
  assert.equal(output, 'false true won\n')
})
