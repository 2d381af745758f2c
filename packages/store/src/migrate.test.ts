import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { anyName } from './contract/names.suite.ts'
import type { Store } from './contract.ts'
import { checksum, migrate } from './migrate.ts'
import type { Movable, Rows } from './movable.ts'
import { startPglite } from './postgres/testing/pglite-server.ts'
import { openScratch as openPostgres } from './postgres/testing/scratch-store.ts'
import { openScratch as openSqlite } from './sqlite/scratch-store.ts'

const NOW = 1_800_000_000

const pglite = await startPglite()
after(() => pglite.stop())

async function three(t: TestContext) {
  const opened = [
    await openSqlite(() => NOW),
    await openPostgres(pglite.url, () => NOW),
    await openSqlite(() => NOW),
  ] as const
  for (const { dispose } of opened) t.after(dispose)
  return opened
}

/** Something of everything: odd names, used and expired records, sealed kinds, indexes, claims, streams with holes. */
async function fill(store: Store): Promise<void> {
  for (const [n, name] of fc.sample(anyName, { numRuns: 40, seed: 4711 }).entries()) {
    const tenant = store.of(n % 3 === 0 ? name : 'acme')
    const index = { [name]: 'x', owner: name }
    const value = { n, name, odd: '\0\u0001\uD800"\\' }
    await tenant.commit([
      { put: { kind: 'grant', key: name, value, index } },
      { put: { kind: 'code', key: name, value: n, expiresAt: NOW + 600 } },
      { put: { kind: 'code', key: `${name} gone`, value: n, expiresAt: NOW - 1, index } },
      { put: { kind: 'refresh-reply', key: name, value: 'tr0mb0ne' } },
      { append: { stream: `feed ${n % 4}`, value, expiresAt: NOW + (n % 2 === 0 ? 600 : 0) } },
    ])
    if (n % 2 === 0) await tenant.take('code', name, { put: [] })
    await tenant.claim('proof', name, NOW + 60)
  }
  const many = Array.from({ length: 1_300 }, (_, n) => ({ put: { kind: 'token', key: `k${n}`, value: n } }))
  await store.of('acme').commit(many)
}

test('all that lives moves from SQLite to Postgres and back with one checksum, except refresh replies', async t => {
  const [first, second, third] = await three(t)
  await fill(first.store)
  const there = await migrate(first.store, second.store, NOW)
  assert.ok(there.rows.record > 1_300 && there.rows.claim > 20 && there.rows.stream >= 4 && there.rows.entry >= 10)
  const back = await migrate(second.store, third.store, NOW)
  assert.deepEqual(back, there)
  for (const { store } of [first, second, third]) assert.deepEqual(await checksum(store, NOW), there)
  for (const { store } of [second, third]) {
    assert.deepEqual((await store.of('acme').list('refresh-reply', { limit: 5 })).records, [])
    assert.ok(Number((await store.of('acme').read('feed 1', 0, 5)).last) > 0)
  }
})

test('what moved goes on: uses, claims, versions, indexes and the numbers of streams', async t => {
  const [first, second] = await three(t)
  const tenant = first.store.of('acme')
  await tenant.commit([
    { put: { kind: 'code', key: 'used', value: 1, expiresAt: NOW + 60 } },
    { put: { kind: 'session', key: 's', value: 'sealed here', index: { user: 'u' } } },
    { append: { stream: 'feed', value: 'a', expiresAt: NOW + 60 } },
  ])
  await tenant.take('code', 'used', { put: [] })
  await tenant.claim('proof', 'h', NOW + 60)
  const version = (await tenant.peek('session', 's'))?.version ?? 0
  await migrate(first.store, second.store, NOW)
  const moved = second.store.of('acme')
  const lost = await moved.take('code', 'used', { put: [] })
  assert.ok('lost' in lost && lost.lost.firstUsedAt === NOW)
  assert.equal(await moved.claim('proof', 'h', NOW + 60), 'lost')
  assert.equal((await moved.list('session', { index: ['user', 'u'], limit: 2 })).records[0]?.value, 'sealed here')
  const replace = { replace: { kind: 'session', key: 's', value: 'replaced' }, version }
  const append = { append: { stream: 'feed', value: 'b', expiresAt: NOW + 60 } }
  assert.deepEqual(await moved.commit([replace, append]), { committed: true })
  assert.ok(((await moved.peek('session', 's'))?.version ?? 0) > version, 'versions go on above those that moved')
  assert.deepEqual(await moved.read('feed', 1, 5), { entries: [{ seq: 2, value: 'b' }], last: 2 })
})

test('sealed values are ciphertext under the key of the store that they came to', async t => {
  const [first, second] = await three(t)
  await first.store.of('acme').commit([{ put: { kind: 'session', key: 's', value: 'tr0mb0ne' } }])
  await migrate(first.store, second.store, NOW)
  const client = new pg.Client({ connectionString: pglite.url })
  await client.connect()
  const { rows } = await client.query(`SELECT value FROM ${second.schema}.record WHERE kind = 'session'`)
  await client.end()
  assert.match(rows[0].value, /^s1\./)
  assert.equal((await second.store.of('acme').peek('session', 's'))?.value, 'tr0mb0ne')
})

test('a store that has something already takes nothing', async t => {
  const [first, second, third] = await three(t)
  for (const { store } of [first, second, third]) await store.of('acme').claim('proof', 'h', NOW + 60)
  await assert.rejects(migrate(first.store, second.store, NOW), { name: 'StoreError', code: 'not_empty' })
  await assert.rejects(migrate(second.store, third.store, NOW), { name: 'StoreError', code: 'not_empty' })
})

test('a row that is not written as it was sent, and a source that fails half-way, leave the target empty', async t => {
  const [first, second, third] = await three(t)
  await fill(first.store)
  const changed = (rows: Rows): Rows => mapped(rows, value => value.replace('"n":7', '"n":8'))
  const failing = (rows: Rows): Rows =>
    mapped(rows, value => {
      if (value.includes('"n":7')) throw new Error('the source ended')
      return value
    })
  for (const { store } of [second, third]) {
    const wrong: Movable = {
      exportRows: now => store.exportRows(now),
      importRows: (rows, now, verify) => store.importRows(changed(rows), now, verify),
    }
    await assert.rejects(migrate(first.store, wrong, NOW), { name: 'StoreError', code: 'corrupted' })
    const ended: Movable = { ...wrong, exportRows: now => failing(first.store.exportRows(now)) }
    await assert.rejects(migrate(ended, store, NOW), /the source ended/)
    const { rows } = await checksum(store, NOW)
    assert.deepEqual(rows, { record: 0, claim: 0, stream: 0, entry: 0 })
    await migrate(first.store, store, NOW)
  }
})

async function* mapped(rows: Rows, change: (value: string) => string): Rows {
  for await (const page of rows)
    yield page.map(row => (row.table === 'record' ? { ...row, value: change(row.value) } : row))
}
