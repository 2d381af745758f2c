import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { MIGRATIONS, migrate } from './migrations.ts'
import { openAt, openScratch, scratchFolder } from './scratch-store.ts'

const now = () => 1_800_000_000

test('the steps are numbered from 1 without gaps', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, at) => at + 1),
  )
})

test('a database of an older version is brought forward, once, with its data', () => {
  const database = new DatabaseSync(':memory:')
  const step = (version: number, sql: string) => ({ version, name: `step ${version}`, sql })
  const first = step(1, 'CREATE TABLE record (key TEXT); INSERT INTO record VALUES (1)')
  const second = step(2, 'ALTER TABLE record ADD COLUMN colour TEXT; UPDATE record SET colour = key')
  migrate(database, 'test.db', [first])
  migrate(database, 'test.db', [first, second])
  migrate(database, 'test.db', [first, second])
  assert.deepEqual({ ...database.prepare('SELECT * FROM record').get() }, { key: '1', colour: '1' })
  const steps = database.prepare('SELECT version, name FROM migration ORDER BY version').all()
  assert.deepEqual(
    steps.map(row => ({ ...row })),
    [
      { version: 1, name: 'step 1' },
      { version: 2, name: 'step 2' },
    ],
  )
})

test('a step that fails leaves the database as it was', () => {
  const database = new DatabaseSync(':memory:')
  const sql = 'CREATE TABLE half (a TEXT); CREATE TABLE record (a TEXT)'
  const broken = { version: MIGRATIONS.length + 1, name: 'broken', sql }
  migrate(database, 'test.db')
  assert.throws(() => migrate(database, 'test.db', [...MIGRATIONS, broken]))
  assert.equal(database.prepare("SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'half'").get()?.n, 0)
  migrate(database, 'test.db')
})

test('a database of a newer version is refused with its version and what to do', async t => {
  const { store, path, dispose } = await openScratch(now)
  t.after(dispose)
  await store.close()
  const database = new DatabaseSync(path)
  database.exec("INSERT INTO migration (version, name) VALUES (9999, 'from the future')")
  database.close()
  await assert.rejects(openAt(path, now), {
    code: 'newer_database',
    message: `${path} is of version 9999, written by a newer Sallyport; this one knows version ${MIGRATIONS.length}. Start the newer release, or restore a backup of before the upgrade.`,
  })
})

test('a database of something else is refused and not touched', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  await (await openAt(join(home, 'other.db'), now)).close()
  const path = join(home, 'scratch.db')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE recipe (name TEXT)')
  await assert.rejects(openAt(path, now), { code: 'foreign_database' })
  assert.deepEqual(
    database
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => name),
    ['recipe'],
  )
  database.close()
})

test('four openings of one new database at once all succeed', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const path = join(home, 'scratch.db')
  const stores = await Promise.all(Array.from({ length: 4 }, () => openAt(path, now)))
  await stores[0]?.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
  for (const store of stores) assert.equal((await store.of('acme').peek('k', 'k'))?.value, 1)
  await Promise.all(stores.map(store => store.close()))
})

test('a file whose records are ordered by name, as the first ones were, goes on with them', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  await (await openAt(join(home, 'other.db'), now)).close() // makes the key
  const path = join(home, 'scratch.db')
  const older = MIGRATIONS.map(step => ({
    ...step,
    sql: step.sql.replace(/(CREATE TABLE record \([^;]*\));/, '$1 WITHOUT ROWID;'),
  }))
  const database = new DatabaseSync(path)
  migrate(database, path, older)
  assert.throws(() => database.prepare('SELECT rowid FROM record'), /no such column/)
  database.close()
  const store = await openAt(path, now)
  t.after(() => store.close())
  const tenant = store.of('acme')
  await tenant.commit([{ insert: { kind: 'k', key: 'a', value: 1, index: { of: 'x' } } }])
  const put = [{ put: { kind: 'k', key: 'b', value: 2, index: { of: 'x' } } }]
  assert.equal('won' in (await tenant.take('k', 'a', { put })), true)
  assert.equal('lost' in (await tenant.take('k', 'a', { put })), true)
  const { records } = await tenant.list('k', { index: ['of', 'x'], limit: 10 })
  assert.deepEqual(
    records.map(({ key }) => key),
    ['a', 'b'],
  )
})
