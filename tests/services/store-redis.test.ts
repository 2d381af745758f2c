import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { composeStore, openRedis } from '@sallyport/store'
import { storeContract } from '@sallyport/store/suite'
import { openScratch } from '../../packages/store/src/sqlite/scratch-store.ts'
import { eventually } from '../eventually.ts'
import { composedModule } from './composed-store.ts'
import { type RedisServer, startRedis, startRedisCluster } from './redis.ts'
import { now, open, own } from './redis-opened.ts'

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
  // Until it refuses after two seconds, so that a test that was held up has taken all that came meanwhile.
  let [all, mayGoOn] = [allowed, true]
  while (mayGoOn || Date.now() < began + 2_000) {
    mayGoOn = (await here.redis.rateLimits.use('acme', 'token', 'a', limit)).allowed
    if (mayGoOn) all += 1
    else await wait(20)
  }
  const intervals = (Date.now() - began) / 200
  assert.ok(all >= 8 + intervals && all <= 11 + intervals, `${all} in ${intervals} intervals`)
  const fresh = await here.redis.rateLimits.use('other', 'token', 'a', limit)
  assert.deepEqual(fresh, { allowed: true, remaining: 9 })
  const wrong = { count: 0, periodSeconds: 1 }
  await assert.rejects(here.redis.rateLimits.use('acme', 'token', 'a', wrong), { code: 'invalid_write' })
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
  await eventually(async () => {
    await redis.wakeUps.wake('acme', 'feed')
    await wait(20)
    return woken > 0
  }, 'a wake-up arrives')
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
  await eventually(reaches, 'a wake-up arrives')
  await there.redis.wakeUps.wake('else', 'feed')
  stop()
  await there.redis.wakeUps.wake('acme', 'other')
  await wait(100)
  assert.ok(!woken.includes('other'))
  await mine.kill()
  await mine.start()
  woken.length = 0
  await eventually(reaches, 'a wake-up arrives again')
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
