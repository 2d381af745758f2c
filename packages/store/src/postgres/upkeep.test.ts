import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { newKey } from '../sealing/master-key.ts'
import { Link } from './link.ts'
import { MIGRATIONS, migrate } from './migrations.ts'
import { startPglite } from './testing/pglite-server.ts'
import { openAt, openScratch } from './testing/scratch-store.ts'

const pglite = await startPglite()
after(() => pglite.stop())

async function sql(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: pglite.url })
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

test('what has expired is removed from every table, in batches, with its index, after a minute of grace', async t => {
  const clock = { seconds: 1_800_000_000 }
  const { store, schema, dispose } = await openScratch(pglite.url, () => clock.seconds)
  t.after(dispose)
  const tenant = store.of('acme')
  const expiresAt = clock.seconds + 10
  const many = Array.from({ length: 2_500 }, (_, n) => ({
    put: { kind: 'code', key: `k${n}`, value: n, expiresAt, index: { of: 'x' } },
  }))
  await tenant.commit([...many, { put: { kind: 'client', key: 'stays', value: 1, index: { of: 'x' } } }])
  await tenant.commit([{ append: { stream: 'feed', value: 1, expiresAt } }])
  await tenant.claim('proof', 'h', expiresAt)
  const rows = async () => {
    const tables = ['record', 'record_index', 'claim', 'stream_entry']
    const counts = tables.map(table => `(SELECT count(*) FROM ${schema}.${table})::int AS ${table}`)
    return (await sql(`SELECT ${counts.join(', ')}`))[0]
  }
  assert.deepEqual(await rows(), { record: 2_502, record_index: 2_501, claim: 1, stream_entry: 1 })
  clock.seconds = expiresAt + 59
  await tenant.claim('proof', 'i', clock.seconds + 1000)
  await wait(100)
  assert.equal((await rows())?.record, 2_502)
  clock.seconds = expiresAt + 80
  await tenant.claim('proof', 'i', clock.seconds + 1000)
  const expected = { record: 2, record_index: 1, claim: 1, stream_entry: 0 }
  for (const end = Date.now() + 10_000; JSON.stringify(await rows()) !== JSON.stringify(expected); await wait(20)) {
    assert.ok(Date.now() < end, 'the tables stay full')
  }
  assert.equal((await tenant.read('feed', 0, 5)).last, 1)
})

test('sealed kinds are ciphertext in the table, index values and other kinds are not; reseal finds nothing to do', async t => {
  const { store, schema, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const put = (kind: string) => ({ put: { kind, key: 'k', value: { marked: 'tr0mb0ne' }, index: { user: 'u1' } } })
  await store.of('acme').commit([put('session'), put('client')])
  const stored = await sql(`SELECT kind, value FROM ${schema}.record WHERE tenant = 'acme' ORDER BY kind`)
  assert.equal(stored[0]?.value, '{"marked":"tr0mb0ne"}')
  assert.match(String(stored[1]?.value), /^s1\./)
  assert.ok(!String(stored[1]?.value).includes('tr0mb0ne'))
  assert.deepEqual((await store.of('acme').peek('session', 'k'))?.value, { marked: 'tr0mb0ne' })
  assert.equal(await store.reseal(), 0)
})

test('after a rotation all is sealed under the newer key, versions stay, and the older key alone opens nothing', async t => {
  const { store, schema, key, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const writes = Array.from({ length: 450 }, (_, n) => ({ put: { kind: 'session', key: `k${n}`, value: n } }))
  await store.of('acme').commit(writes)
  const before = await store.of('acme').peek('session', 'k7')
  const newer = newKey()
  const where = { url: pglite.url, schema, nowSeconds: () => 1_800_000_000 }
  const both = await openAt(where, `${newer},${key}`)
  t.after(() => both.close())
  assert.equal(await both.reseal(), 451)
  assert.equal(await both.reseal(), 0)
  assert.deepEqual(await both.of('acme').peek('session', 'k7'), before)
  await assert.rejects(openAt(where, key), { code: 'wrong_key' })
})

test('a sealed value that was moved to another record is refused', async t => {
  const { store, schema, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const put = (key: string) => ({ put: { kind: 'session', key, value: key } })
  await tenant.commit([put('a'), put('b')])
  const other = `(SELECT value FROM ${schema}.record WHERE kind = 'session' AND key = 'b')`
  await sql(`UPDATE ${schema}.record SET value = ${other} WHERE kind = 'session' AND key = 'a'`)
  await assert.rejects(async () => tenant.peek('session', 'a'), { code: 'unsealed' })
})

test('of stores that open one new schema at once each finds it made, and a newer schema is refused', async t => {
  const key = newKey()
  const where = { url: pglite.url, schema: 'opened_at_once', nowSeconds: () => 1_800_000_000 }
  const stores = await Promise.all(Array.from({ length: 4 }, () => openAt(where, key)))
  t.after(() => Promise.all(stores.map(store => store.close())))
  await stores[0]?.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
  assert.equal((await stores[3]?.of('acme').peek('k', 'k'))?.value, 1)
  const steps = MIGRATIONS.map(({ version }) => ({ version }))
  assert.deepEqual(await sql('SELECT version FROM opened_at_once.migration'), steps)
  await sql("INSERT INTO opened_at_once.migration VALUES (99, 'later')")
  await assert.rejects(openAt(where, key), { name: 'StoreError', code: 'newer_database' })
})

test('a schema of something else is refused, and so is a name that cannot be a schema', async () => {
  await sql('CREATE SCHEMA theirs')
  await sql('CREATE TABLE theirs.invoice (id int)')
  const where = (schema: string) => ({ url: pglite.url, schema, nowSeconds: () => 0 })
  await assert.rejects(openAt(where('theirs'), newKey()), { code: 'foreign_database', message: /invoice/ })
  await assert.rejects(openAt(where('a"; DROP'), newKey()), { code: 'cannot_open' })
})

test('a step that fails leaves nothing of itself, and the version before it serves on', async t => {
  const { store, schema, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const link = new Link(pglite.url)
  t.after(() => link.close())
  const version = MIGRATIONS.length
  const good = { version: version + 1, name: 'more', sql: (s: string) => `CREATE TABLE ${s}.more (id int)` }
  const bad = { version: version + 2, name: 'bad', sql: (s: string) => `CREATE TABLE ${s}.more (id int)` }
  await assert.rejects(migrate(link, schema, [...MIGRATIONS, good, bad]), { code: 'failed', message: /42P07/ })
  assert.deepEqual(await sql(`SELECT max(version) AS version FROM ${schema}.migration`), [{ version }])
  assert.deepEqual(await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }]), { committed: true })
  await migrate(link, schema, [...MIGRATIONS, good])
  assert.deepEqual(await store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 2 } }]), { committed: true })
})

test('one operation that Postgres refuses fails alone; the others of its group are written', async t => {
  const { store, schema, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  await sql(`ALTER TABLE ${schema}.record ADD CHECK (key <> 'refused')`)
  const keys = ['a', 'refused', 'b', 'c']
  const writes = keys.map(key => tenant.commit([{ put: { kind: 'k', key, value: 1 } }]))
  const settled = await Promise.allSettled(writes)
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(
    (await tenant.list('k', { limit: 5 })).records.map(({ key }) => key),
    ['a', 'b', 'c'],
  )
  const odd = tenant.commit([{ replace: { kind: 'k', key: 'a', value: 2 }, version: 1.5 }])
  assert.deepEqual(await odd, { conflict: { kind: 'k', key: 'a' } })
})

test('nobody there is unreachable, and the password of the URL is in no message', async () => {
  const where = { url: 'postgres://me:tr0mb0ne@127.0.0.1:1/none', nowSeconds: () => 0 }
  const judge = (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'hint' in error)
    assert.equal(error.code, 'unreachable')
    assert.match(error.message, /Postgres 127\.0\.0\.1:1\/none cannot be reached/)
    assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes('tr0mb0ne'))
    return true
  }
  await assert.rejects(openAt(where, newKey()), judge)
})

test('closing writes what came before, refuses what comes after, and may be called twice', async () => {
  const { store } = await openScratch(pglite.url, () => 1_800_000_000)
  const tenant = store.of('acme')
  const early = Array.from({ length: 600 }, (_, n) => tenant.commit([{ put: { kind: 'k', key: `k${n}`, value: n } }]))
  await Promise.all([store.close(), store.close()])
  for (const answer of await Promise.all(early)) assert.deepEqual(answer, { committed: true })
  const closed = { name: 'StoreError', code: 'closed' }
  await assert.rejects(tenant.commit([{ put: { kind: 'k', key: 'late', value: 1 } }]), closed)
  await assert.rejects(async () => tenant.peek('k', 'k1'), closed)
})

test('an idle store with a watcher does not keep its process alive, and a write in flight does; SQLite alone loads no driver', async t => {
  const { shared, dispose } = await openScratch(pglite.url, () => 1_800_000_000)
  t.after(dispose)
  const program = `
    import { createRequire } from 'node:module'
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('/node_modules/pg/'))
    await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)})
    console.log('loaded', loaded())
    const { openShared } = await import(${JSON.stringify(shared.module)})
    const store = await openShared(${JSON.stringify(shared.argument)})
    store.of('acme').watch('feed', () => undefined)
    store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }]).then(() => console.log('written', loaded()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill())
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  assert.deepEqual(await Promise.race([once(child, 'exit'), wait(20_000, undefined, { ref: false })]), [0, null])
  assert.equal(output, 'loaded false\nwritten true\n')
})
