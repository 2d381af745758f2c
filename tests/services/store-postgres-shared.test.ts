import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTo, createServer, type Socket } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { newKey } from '@sallyport/store'
import pg from 'pg'
import { Link } from '../../packages/store/src/postgres/link.ts'
import { MIGRATIONS, migrate } from '../../packages/store/src/postgres/migrations.ts'
import type { ReplicaAlarm } from '../../packages/store/src/postgres/standing.ts'
import { openAt, openScratch } from '../../packages/store/src/postgres/testing/scratch-store.ts'
import { eventually } from '../eventually.ts'
import { type PostgresServer, pauseReplay, startPostgres } from './postgres.ts'

const now = () => Math.floor(Date.now() / 1000)

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function connect(t: TestContext): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  t.after(() => client.end())
  return client
}

test('two stores that write the same records in opposite order, new ones too, both commit (deadlocks are tried again)', async t => {
  const { store, schema, key, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const other = await openAt({ url: server.url, schema, nowSeconds: now }, key)
  t.after(() => other.close())
  const admin = await connect(t)
  await admin.query("ALTER SYSTEM SET deadlock_timeout = '20ms'")
  await admin.query('SELECT pg_reload_conf()')
  for (let round = 0; round < 30; round += 1) {
    const keys = Array.from({ length: 200 }, (_, n) => `${round % 2 === 0 ? round : 0} ${n}`)
    const writes = (order: readonly string[], value: number) =>
      order.map(name => ({ put: { kind: 'k', key: name, value, index: { of: 'x' } } }))
    const answers = await Promise.all([
      store.of('acme').commit(writes(keys, 1)),
      other.of('acme').commit(writes(keys.toReversed(), 2)),
    ])
    assert.deepEqual(answers, [{ committed: true }, { committed: true }])
    const values = await Promise.all(keys.map(name => store.of('acme').peek('k', name)))
    assert.equal(new Set(values.map(record => record?.value)).size, 1, 'one of the two is written as a whole')
  }
  const deadlocks = 'SELECT deadlocks::int AS met FROM pg_stat_database WHERE datname = current_database()'
  await eventually(async () => (await admin.query(deadlocks)).rows[0].met > 0, 'a deadlock is met')
})

test('under a database that is serializable by default the verbs answer the same', async t => {
  const admin = await connect(t)
  await admin.query('CREATE DATABASE strict')
  await admin.query("ALTER DATABASE strict SET default_transaction_isolation = 'serializable'")
  const { store, dispose } = await openScratch(server.url.replace(/postgres$/, 'strict'), now)
  t.after(dispose)
  const tenant = store.of('acme')
  await tenant.commit([{ put: { kind: 'code', key: 'k', value: 1 } }])
  const takes = await Promise.all(Array.from({ length: 600 }, () => tenant.take('code', 'k', { put: [] })))
  assert.equal(takes.filter(taken => 'won' in taken).length, 1)
})

test('a server that does not wait for its disk by default waits for ours', async t => {
  const { store, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const admin = await connect(t)
  await admin.query("ALTER SYSTEM SET synchronous_commit = 'off'")
  await admin.query("ALTER SYSTEM SET wal_writer_delay = '10s'")
  await admin.query('SELECT pg_reload_conf()')
  const setting = async () => (await admin.query("SELECT current_setting('synchronous_commit') AS now")).rows[0].now
  await eventually(async () => (await setting()) === 'off', 'it waits for its disk no more')
  for (let n = 0; n < 20; n += 1) {
    const { written } = (await admin.query('SELECT pg_current_wal_insert_lsn() AS written')).rows[0]
    await store.of('acme').commit([{ put: { kind: 'k', key: `k${n}`, value: randomBytes(1500).toString('base64') } }])
    const flushed = 'SELECT (pg_current_wal_flush_lsn() - $1::pg_lsn)::int AS bytes'
    assert.ok((await admin.query(flushed, [written])).rows[0].bytes > 1000, 'the commit is not on disk')
  }
  await admin.query('ALTER SYSTEM RESET ALL')
  await admin.query('SELECT pg_reload_conf()')
})

test('a step waits for locks only briefly, and the version before it serves while the step tries again', async t => {
  const { store, schema, key, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const reader = await connect(t)
  await reader.query('BEGIN')
  await reader.query(`SELECT count(*) FROM ${schema}.record`) // a long report holds its lock on the table
  const link = new Link(server.url)
  t.after(() => link.close())
  const sql = (s: string) => `ALTER TABLE ${s}.record ADD COLUMN note text`
  const step = { version: MIGRATIONS.length + 1, name: 'a column', sql }
  const steps = [...MIGRATIONS, step]
  let done = false
  const migrating = migrate(link, schema, steps).then(() => {
    done = true
  })
  const started = Date.now()
  for (let n = 0; Date.now() < started + 5_000; n += 1) {
    // A caller who waited as long as the report would never get through.
    await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: n } }])
    assert.equal((await store.of('acme').peek('k', 'k'))?.value, n)
    await wait(20)
  }
  assert.equal(done, false)
  await reader.query('COMMIT')
  await migrating
  assert.deepEqual(await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 'after' } }]), {
    committed: true,
  })
  await assert.rejects(openAt({ url: server.url, schema, nowSeconds: now }, key), { code: 'newer_database' })
})

test('one process sweeps at a time, and rows that somebody holds are left for later', async t => {
  const { store, schema } = await openScratch(server.url, () => 1)
  await store.of('acme').commit(['a', 'b'].map(key => ({ put: { kind: 'code', key, value: 1, expiresAt: 5 } })))
  await store.close() // and with it its own sweeper
  const [first, second] = [await connect(t), await connect(t)]
  const sweep = async () => (await second.query(`SELECT ${schema}.sweep_1(10, 100) AS removed`)).rows[0].removed
  await first.query('BEGIN')
  await first.query(`SELECT pg_advisory_xact_lock(hashtextextended('${schema} sweep', 0))`)
  assert.equal(await sweep(), -1)
  await first.query('COMMIT')
  await first.query('BEGIN')
  await first.query(`SELECT 1 FROM ${schema}.record WHERE key = 'a' FOR UPDATE`)
  assert.equal(await sweep(), 1)
  await first.query('COMMIT')
  assert.equal(await sweep(), 1)
  assert.equal(await sweep(), 0)
})

test('a user who may only read is told so, and one who may not even that', async t => {
  const { store, schema, key, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  const admin = await connect(t)
  await admin.query('CREATE ROLE onlooker LOGIN')
  const url = server.url.replace('sallyport@', 'onlooker@')
  await assert.rejects(openAt({ url, schema, nowSeconds: now }, key), { code: 'read_only', message: /42501/ })
  await letRead(admin, schema, 'onlooker')
  await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
  const reading = await openAt({ url, schema, nowSeconds: now }, key)
  t.after(() => reading.close())
  assert.equal((await reading.of('acme').peek('k', 'k'))?.value, 1)
  await assert.rejects(reading.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 2 } }]), { code: 'read_only' })
})

test('a standby answers pages that may lag, and lags; peek, list and read of the store never do; a standby is no primary', async t => {
  const { store, schema, key, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  await store.of('acme').commit([{ put: { kind: 'k', key: 'a', value: 1 } }])
  const admin = await connect(t)
  await admin.query('CREATE ROLE pager LOGIN')
  await letRead(admin, schema, 'pager')
  const standby = await server.replica()
  const heard: string[] = []
  const replica = {
    url: standby.url.replace('sallyport@', 'pager@'),
    onAlarm: ({ what }: ReplicaAlarm) => heard.push(what),
  }
  const both = await openAt({ url: server.url, replica, schema, nowSeconds: now }, key)
  const [tenant, lagging] = [both.of('acme'), both.lagging('acme')]
  const control = new pg.Client({ connectionString: standby.url })
  await control.connect()
  t.after(async () => {
    await Promise.all([control.end(), both.close()])
    await standby.stop()
  })
  const onReplica = async () => (await lagging?.listLagging('k', { limit: 5 }))?.records.length
  // What follows the standby's start is a commit it can tell its age by, as the processes of an installation make them.
  await tenant.commit([{ put: { kind: 'process', key: 'own', value: 1 } }])
  await eventually(() => heard.at(-1) === 'ready', 'the standby answers')
  assert.equal(await onReplica(), 1)
  await pauseReplay(control)
  const entry = { append: { stream: 'feed', value: 1, expiresAt: 4_000_000_000 } }
  await tenant.commit([{ put: { kind: 'k', key: 'b', value: 2 } }, entry])
  assert.equal((await tenant.peek('k', 'b'))?.value, 2)
  assert.equal((await tenant.list('k', { limit: 5 })).records.length, 2)
  assert.equal((await tenant.read('feed', 0, 5)).last, 1)
  assert.equal(await onReplica(), 1)
  await control.query('SELECT pg_wal_replay_resume()')
  await eventually(async () => (await onReplica()) === 2, 'the standby has both')
  await assert.rejects(openAt({ url: standby.url, schema, nowSeconds: now }, key), { code: 'read_only' })
  const sessions = async (): Promise<readonly number[]> => {
    const asked = "SELECT pid FROM pg_stat_activity WHERE usename = 'pager'"
    return (await control.query(asked)).rows.map(({ pid }) => pid)
  }
  const [hanging = 0, ...others] = await sessions()
  assert.ok(hanging > 0 && others.length === 0)
  process.kill(hanging, 'SIGSTOP')
  const begun = performance.now()
  assert.equal(await onReplica(), 2)
  assert.ok(performance.now() - begun < 6_000, 'a page waits for a standby that hangs for seconds only')
  assert.equal(await onReplica(), 2)
  process.kill(hanging, 'SIGCONT')
  await eventually(async () => !(await sessions()).includes(hanging), 'the session that hung is given up')
  assert.ok((await sessions()).length <= 1)
})

test('a standby of another store, though its schema is named alike, answers no page', async t => {
  const { store, schema, key, dispose } = await openScratch(server.url, now)
  t.after(dispose)
  await store.of('acme').commit([{ put: { kind: 'k', key: 'ours', value: 1 } }])
  const admin = await connect(t)
  await admin.query('CREATE DATABASE staging')
  const staging = (url: string) => url.replace(/postgres$/, 'staging')
  const other = await openAt({ url: staging(server.url), schema, nowSeconds: now }, newKey())
  t.after(() => other.close())
  await other.of('acme').commit([{ put: { kind: 'k', key: 'theirs', value: 1 } }])
  const standby = await server.replica()
  const heard: string[] = []
  const replica = { url: staging(standby.url), onAlarm: ({ what }: ReplicaAlarm) => heard.push(what) }
  const both = await openAt({ url: server.url, replica, schema, nowSeconds: now }, key)
  t.after(async () => {
    await both.close()
    await standby.stop()
  })
  await eventually(() => heard.length > 0, 'the standby is looked at')
  assert.deepEqual(heard, ['no_copy'])
  const page = await both.lagging('acme')?.listLagging('k', { limit: 5 })
  assert.deepEqual(
    page?.records.map(record => record.key),
    ['ours'],
  )
})

test('an address that comes to lead to a standby is not read from, until it leads to a primary again', async t => {
  const standby = await server.replica()
  t.after(() => standby.stop())
  const places = { primary: Number(new URL(server.url).port), standby: Number(new URL(standby.url).port) }
  let leadsTo: keyof typeof places = 'primary'
  const open = new Set<Socket>()
  const balancer = createServer(inner => {
    const outer = connectTo(places[leadsTo], '127.0.0.1')
    for (const socket of [inner, outer]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
    }
    inner.pipe(outer).pipe(inner)
  })
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  t.after(() => balancer.close())
  const address = balancer.address()
  assert.ok(typeof address === 'object' && address !== null)
  const lead = (to: keyof typeof places) => {
    leadsTo = to
    for (const socket of open) socket.destroy()
  }
  const url = `postgres://sallyport@127.0.0.1:${address.port}/postgres`
  const { store, dispose } = await openScratch(url, now)
  t.after(dispose)
  await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
  const tenant = store.of('acme')
  lead('standby')
  await assert.rejects(async () => tenant.peek('k', 'k'), { code: 'read_only', statusCode: 503 })
  lead('primary')
  const isRead = async () => (await tenant.peek('k', 'k'))?.value === 1
  await eventually(() => isRead().catch(() => false), 'it is read from again')
})

/** Lets a role read a store and nothing else. */
async function letRead(admin: pg.Client, schema: string, role: string): Promise<void> {
  await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
  await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
}
