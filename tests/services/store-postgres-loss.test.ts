import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@sallyport/store'
import pg from 'pg'
import { openAt, openScratch } from '../../packages/store/src/postgres/testing/scratch-store.ts'
import { eventually, median } from '../eventually.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

const FAR = 4_000_000_000
const now = () => Math.floor(Date.now() / 1000)

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function connect(t: TestContext): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => client.removeAllListeners()) // the server is killed under it in some tests
  await client.connect()
  t.after(() => client.end())
  return client
}

/** Ends sessions of stores; those whose query matches. */
async function terminate(admin: pg.Client, like: string): Promise<number> {
  const { rowCount } = await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sallyport' AND query LIKE $1",
    [like],
  )
  return rowCount ?? 0
}

test('a connection lost while a commit is under way rejects as outcome_unknown, all or nothing is written, and a retry is possible', async t => {
  const { store, schema, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const tenant = store.of('acme')
  const admin = await connect(t)
  await tenant.commit([{ put: { kind: 'code', key: 'held', value: 1 } }])
  await admin.query('BEGIN')
  await admin.query(`SELECT 1 FROM ${schema}.record WHERE key = 'held' FOR UPDATE`)
  const taking = tenant.take('code', 'held', { put: [{ put: { kind: 'token', key: 'new', value: 1 } }] })
  const observer = await connect(t)
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'sallyport' AND wait_event_type = 'Lock'"
  await eventually(async () => (await observer.query(waiting)).rowCount === 1, 'the take waits for the lock')
  const rejected = assert.rejects(taking, { name: 'StoreError', code: 'outcome_unknown', hint: /Peek/ })
  assert.equal(await terminate(observer, '%apply_2%'), 1)
  await rejected
  await admin.query('COMMIT')
  assert.equal((await tenant.peek('code', 'held'))?.usedAt, undefined)
  assert.equal(await tenant.peek('token', 'new'), undefined)
  assert.ok('won' in (await tenant.take('code', 'held', { put: [] })))
})

test('connections that are cut again and again under load: nothing acknowledged is lost, nothing is won twice', async t => {
  const { store, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const tenant = store.of('acme')
  const admin = await connect(t)
  const won = new Map<string, number>()
  const unknown = new Set<string>()
  let running = true
  const lane = async (name: string) => {
    for (let n = 0; running; n += 1) {
      const key = `${name} ${n}`
      await settled(() => tenant.commit([{ put: { kind: 'code', key, value: n } }]))
      const takes = Array.from({ length: 3 }, (_, at) =>
        tenant.take('code', key, {
          put: [{ put: { kind: 'token', key: `${key} ${at}`, value: 1, index: { of: key } } }],
        }),
      )
      for (const result of await Promise.allSettled(takes)) {
        if (result.status === 'rejected') {
          assert.ok(result.reason instanceof StoreError, String(result.reason))
          assert.ok(['outcome_unknown', 'unreachable'].includes(result.reason.code), result.reason.code)
          unknown.add(key)
        } else if ('won' in result.value) won.set(key, (won.get(key) ?? 0) + 1)
      }
    }
  }
  const lanes = Array.from({ length: 8 }, (_, n) => lane(`lane ${n}`))
  const isShown = (cuts: number) => cuts >= 40 && won.size > 50 && unknown.size > 0
  for (let cuts = 0; !isShown(cuts); cuts += 1) {
    await wait(25)
    await terminate(admin, '%')
    assert.ok(cuts < 1_000, `${won.size} won, ${unknown.size} unknown`)
  }
  running = false
  await Promise.all(lanes)
  for (const [key, times] of won) {
    assert.equal(times, 1, key)
    assert.ok((await tenant.peek('code', key))?.usedAt !== undefined, key)
    assert.equal((await tenant.list('token', { index: ['of', key], limit: 5 })).records.length, 1, key)
  }
  for (const key of unknown)
    assert.ok((await tenant.list('token', { index: ['of', key], limit: 5 })).records.length <= 1)
})

/** Again until the store answers; for writes that may be repeated. */
async function settled<T>(write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof StoreError) || !['outcome_unknown', 'unreachable'].includes(error.code)) throw error
      await wait(20)
    }
  }
}

test('a server killed with SIGKILL under load loses nothing that was acknowledged, and serves within 2 s of its return (median of 5 kills)', async t => {
  const { store, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const tenant = store.of('acme')
  const acknowledged: string[] = []
  let running = true
  const lane = async (name: string) => {
    for (let n = 0; running; n += 1) {
      const key = `${name} ${n}`
      const entry = { append: { stream: 'feed', value: key, expiresAt: FAR } }
      try {
        await tenant.commit([{ put: { kind: 'token', key, value: 1 } }, entry])
        acknowledged.push(key)
      } catch (error) {
        assert.ok(error instanceof StoreError && ['outcome_unknown', 'unreachable', 'busy'].includes(error.code))
        await wait(20)
      }
    }
  }
  const lanes = Array.from({ length: 8 }, (_, n) => lane(`lane ${n}`))
  const tookMs: number[] = []
  for (let kill = 0; kill < 5; kill += 1) {
    const before = acknowledged.length
    await eventually(() => acknowledged.length > before + 100, 'a hundred more are acknowledged')
    await server.kill()
    await server.start()
    const [back, returned] = [acknowledged.length, performance.now()]
    await eventually(() => acknowledged.length > back, 'it serves again')
    tookMs.push(performance.now() - returned)
  }
  running = false
  await Promise.all(lanes)
  assert.ok(median(tookMs) < 2_000, `${tookMs} ms`)
  for (const key of acknowledged) assert.ok((await tenant.peek('token', key)) !== undefined, key)
  const seen = new Set<string>()
  for (let after = 0; ; ) {
    const { entries, last } = await tenant.read<string>('feed', after, 5_000)
    for (const { seq, value } of entries) {
      assert.equal(seq, after + 1, 'numbers have no gaps')
      after = seq
      seen.add(value)
    }
    if (after === last) break
  }
  for (const key of acknowledged) assert.ok(seen.has(key), key)
})

test('a watcher whose listening connection was cut hears of the next entry all the same', async t => {
  const { store, shared, schema, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const { key }: { key: string } = JSON.parse(shared.argument)
  const other = await openAt({ url: server.url, schema, nowSeconds: now }, key)
  t.after(() => other.close())
  const admin = await connect(t)
  let woken = 0
  store.of('acme').watch('feed', () => {
    woken += 1
  })
  const listening = `LISTEN ${schema}`
  const asked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'sallyport' AND query = $1"
  const listens = () => eventually(async () => (await admin.query(asked, [listening])).rowCount === 1, 'it listens')
  await listens()
  const tookMs: number[] = []
  for (let round = 1; round <= 5; round += 1) {
    assert.equal(await terminate(admin, listening), 1)
    await other.of('acme').commit([{ append: { stream: 'feed', value: round, expiresAt: FAR } }])
    const committed = performance.now()
    await eventually(() => woken === round, 'the watcher wakes once')
    tookMs.push(performance.now() - committed)
    await listens()
  }
  assert.ok(median(tookMs) < 900, `${tookMs} ms`)
})
