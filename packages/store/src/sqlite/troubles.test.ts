import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openAt, openScratch, scratchFolder } from './scratch-store.ts'
import { storeErrorOfSqlite } from './sqlite-errors.ts'

const now = () => 1_800_000_000
const NOBODY = 65_534

/** Runs a module as a process and gives what it printed; root has all rights, so as root it runs as nobody. */
async function runProcess(program: string, limit = ''): Promise<string> {
  const head = `import { openAt } from ${JSON.stringify(new URL('./scratch-store.ts', import.meta.url).href)}\n`
  const user = process.getuid?.() === 0 && limit === '' ? { uid: NOBODY, gid: NOBODY } : {}
  const command = `${limit} exec "$0" --input-type=module -e "$1"`
  const child = spawn('/bin/sh', ['-c', command, process.execPath, head + program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...user,
  })
  return text(child.stdout)
}

function giveAway(...paths: string[]): void {
  if (process.getuid?.() === 0) for (const path of paths) chownSync(path, NOBODY, NOBODY)
}

test('a read-only data folder is one clear error that says what to do', async t => {
  const home = scratchFolder()
  t.after(() => {
    chmodSync(home, 0o700)
    rmSync(home, { recursive: true })
  })
  await (await openAt(join(home, 'first.db'), now)).close()
  giveAway(home, join(home, 'master.key'))
  chmodSync(home, 0o500)
  const path = join(home, 'scratch.db')
  const output = await runProcess(`
    await openAt(${JSON.stringify(path)}, () => 1).catch(error => console.log(error.name, error.code, error.message))`)
  assert.equal(
    output,
    `StoreError read_only ${path} may not be written or read by this user (EACCES). Give this user the rights, or choose another data folder.\n`,
  )
})

test('a read-only database file is one clear error that says what to do', async t => {
  const { store, path, dispose } = await openScratch(now)
  t.after(dispose)
  await store.close()
  giveAway(dirname(path), path, join(dirname(path), 'master.key'))
  chmodSync(path, 0o400)
  const output = await runProcess(`
    await openAt(${JSON.stringify(path)}, () => 1).catch(error => console.log(error.code, error.message))`)
  assert.match(output, /^read_only .*scratch\.db may not be written .* Give this user the rights/)
})

test('a file that is no database is one clear error, and stays as it is', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  await (await openAt(join(home, 'first.db'), now)).close()
  const path = join(home, 'scratch.db')
  writeFileSync(path, 'These are not the pages of a database. '.repeat(1000))
  const { size } = statSync(path)
  await assert.rejects(openAt(path, now), { code: 'corrupted', hint: /restore a backup/ })
  assert.equal(statSync(path).size, size)
})

test('a damaged page is one clear error on reading and on writing, not a wrong answer', async t => {
  const { store, path, dispose } = await openScratch(now)
  t.after(dispose)
  const many = Array.from({ length: 2000 }, (_, n) => ({ put: { kind: 'k', key: `k${n}`, value: 'x'.repeat(200) } }))
  await store.of('acme').commit(many)
  await store.close()
  const { page_size: page } = new DatabaseSync(path, { readOnly: true }).prepare('PRAGMA page_size').get() ?? {}
  const file = openSync(path, 'r+')
  for (let number = 40; number < 60; number += 1) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, Number(page) * number)
  closeSync(file)
  const damaged = await openAt(path, now)
  const corrupted = { name: 'StoreError', code: 'corrupted', hint: /restore a backup/ }
  await assert.rejects(Promise.resolve(damaged.of('acme').list('k', { limit: 5000 })), corrupted)
  await assert.rejects(damaged.of('acme').commit(many), corrupted)
  await damaged.close()
})

test('a truncated file is one clear error', async t => {
  const { store, path, dispose } = await openScratch(now)
  t.after(dispose)
  await store.of('acme').commit(Array.from({ length: 500 }, (_, n) => ({ put: { kind: 'k', key: `k${n}`, value: n } })))
  await store.close()
  truncateSync(path, 5000)
  await assert.rejects(openAt(path, now), { code: 'corrupted' })
})

test('when the disk takes no more, writers get a clear error, readers and what was acknowledged go on', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const path = join(home, 'scratch.db')
  const output = await runProcess(
    `
    const store = await openAt(${JSON.stringify(path)}, () => 1)
    const tenant = store.of('acme')
    let written = 0
    const put = n => tenant.commit([{ put: { kind: 'k', key: 'k' + n, value: 'x'.repeat(20000) } }])
    const fill = async () => { for (;;) { await put(written); written += 1 } }
    await fill().catch(error => console.log(error.name, error.code, error.hint))
    await put(written).catch(error => console.log(error.code))
    console.log(written > 5, tenant.peek('k', 'k' + (written - 1)).value.length, tenant.peek('k', 'k' + written))
    await store.close()`,
    'ulimit -f 800;',
  )
  const lines = output.trim().split('\n')
  assert.match(lines[0] ?? '', /^StoreError (disk_full|disk_failed) .*(space|limits)/)
  assert.match(lines[1] ?? '', /^disk_f/)
  assert.equal(lines[2], 'true 20000 undefined')
  const store = await openAt(path, now)
  const { records } = await store.of('acme').list('k', { limit: 1000 })
  assert.ok(records.length > 5)
  assert.deepEqual(await store.of('acme').commit([{ put: { kind: 'k', key: 'more', value: 1 } }]), { committed: true })
  await store.close()
})

test('SQLite\u2019s own "full" (SQLITE_FULL) is disk_full, and "locked" (SQLITE_BUSY) is busy', t => {
  const home = scratchFolder()
  const path = join(home, 'full.db')
  const [database, other] = [new DatabaseSync(path), new DatabaseSync(path)]
  t.after(() => {
    database.close()
    other.close()
    rmSync(home, { recursive: true })
  })
  database.exec('CREATE TABLE filler (text TEXT); PRAGMA max_page_count = 10')
  const fill = () => {
    for (;;) database.prepare('INSERT INTO filler VALUES (?)').run('x'.repeat(2000))
  }
  assert.throws(fill, error => storeErrorOfSqlite(error, path).code === 'disk_full')
  other.exec('BEGIN IMMEDIATE')
  assert.throws(
    () => database.exec('BEGIN IMMEDIATE'),
    error => storeErrorOfSqlite(error, path).code === 'busy',
  )
})

test('a writer of another process is waited for, and hides nothing from readers meanwhile', async t => {
  const { store, path, dispose } = await openScratch(now)
  t.after(dispose)
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const waiting = store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(await store.of('acme').peek('k', 'k'), undefined)
  other.exec('COMMIT')
  assert.deepEqual(await waiting, { committed: true })
})
