import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openForWriting } from './connection.ts'
import { openAt, openScratch, openShared, scratchFolder } from './scratch-store.ts'

const KILLS = 5

test(`a process killed with SIGKILL under load loses nothing that it acknowledged (${KILLS} kills of one database)`, async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const path = join(home, 'scratch.db')
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const program = fileURLToPath(new URL('./acknowledging-process.ts', import.meta.url))
    const child = spawn(process.execPath, [program, path, `run${kill}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const before = acknowledged.length
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === before + 150) child.kill('SIGKILL')
    }
    assert.deepEqual(await exited, [null, 'SIGKILL'])
  }
  const store = await openShared(path)
  const tenant = store.of('acme')
  for (const line of acknowledged) {
    const [key = '', hash = ''] = line.split(' ')
    const record = await tenant.peek('code', key)
    assert.ok(record?.usedAt !== undefined, `${key} was acknowledged as taken`)
    assert.equal((await tenant.peek('token', key))?.value, key)
    assert.equal(await tenant.claim('proof', hash, 4_000_000_000), 'lost')
  }
  const { entries, last } = await tenant.read('feed', 0, 10_000)
  assert.ok(last >= acknowledged.length)
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    Array.from({ length: last }, (_, n) => n + 1),
  )
  await store.close()
})

test('every acknowledged write is in the file for another connection at that moment', async t => {
  const { store, path, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const other = new DatabaseSync(path, { readOnly: true })
  t.after(() => other.close())
  const count = other.prepare('SELECT COUNT(*) AS rows FROM record WHERE tenant = ?')
  for (let n = 1; n <= 50; n += 1) {
    await store.of('acme').commit([{ put: { kind: 'k', key: `k${n}`, value: n } }])
    assert.equal(count.get('acme')?.rows, n)
  }
})

test('the writer syncs the log at each commit (synchronous is FULL) and keeps foreign keys', t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const database = openForWriting(join(home, 'scratch.db'))
  const pragma = (name: string) => database.prepare(`PRAGMA ${name}`).get()
  assert.equal(pragma('journal_mode')?.journal_mode, 'wal')
  assert.equal(pragma('synchronous')?.synchronous, 2)
  assert.equal(pragma('foreign_keys')?.foreign_keys, 1)
  assert.equal(pragma('busy_timeout')?.timeout, 15_000)
  assert.equal(statSync(join(home, 'scratch.db')).mode & 0o777, 0o600)
  database.close()
})

test('writes of one moment share one commit, and those that come meanwhile share the next', async t => {
  const { store, path, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const frames = () => statSync(`${path}-wal`).size
  const put = (n: number) => tenant.commit([{ put: { kind: 'k', key: `k${n}`, value: n } }])
  await put(0)
  const start = frames()
  for (let n = 0; n < 100; n += 1) await put(n)
  const oneByOne = frames() - start
  await Promise.all(Array.from({ length: 100 }, (_, n) => put(n)))
  const together = frames() - start - oneByOne
  assert.ok(together * 20 < oneByOne, `${together} bytes of log together, ${oneByOne} one by one`)
})

test('more than one packed string can hold is written in several groups, and an operation over the limit is refused', async t => {
  const { store, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const value = 'x'.repeat(15_000_000)
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => tenant.commit([{ put: { kind: 'k', key: `k${n % 2}`, value } }])),
  )
  assert.ok(answers.every(answer => 'committed' in answer))
  const tooMuch = Array.from({ length: 5 }, (_, n) => ({ put: { kind: 'k', key: `k${n}`, value } }))
  await assert.rejects(tenant.commit(tooMuch), { code: 'invalid_write', hint: 'Split its writes.' })
})

test('closing writes what came before, refuses what comes after, and may be called twice', async t => {
  const { store, path, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  const early = Array.from({ length: 20 }, (_, n) =>
    tenant.commit([
      { put: { kind: 'k', key: `k${n}`, value: n } },
      { append: { stream: 's', value: n, expiresAt: 4e9 } },
    ]),
  )
  await Promise.all([store.close(), store.close()])
  for (const answer of await Promise.all(early)) assert.deepEqual(answer, { committed: true })
  const closed = { name: 'StoreError', code: 'closed' }
  await assert.rejects(tenant.commit([{ put: { kind: 'k', key: 'late', value: 1 } }]), closed)
  await assert.rejects(Promise.resolve(tenant.peek('k', 'k1')), closed)
  const again = await openAt(path, () => 1_800_000_000)
  assert.equal((await again.of('acme').list('k', { limit: 100 })).records.length, 20)
  await again.close()
})

test('reads that fail together fail for whoever waits for them together, and leave no rejection to nobody', async t => {
  const { store, dispose } = await openScratch(() => 1_800_000_000)
  t.after(dispose)
  const tenant = store.of('acme')
  await store.close()
  const within = async () => (await tenant.peek('k', 'a'))?.value
  await assert.rejects(Promise.all([within(), tenant.peek('k', 'b'), tenant.list('k', { limit: 1 })]), {
    code: 'closed',
  })
  await assert.rejects(Promise.all([within(), tenant.read('s', 0, 1)]), { code: 'closed' })
})

test('an idle store with a watcher does not keep its process alive, and a write in flight does', async t => {
  const home = scratchFolder()
  t.after(() => rmSync(home, { recursive: true }))
  const program = `
    import { openShared } from ${JSON.stringify(new URL('./scratch-store.ts', import.meta.url).href)}
    const store = await openShared(${JSON.stringify(join(home, 'scratch.db'))})
    store.of('acme').watch('feed', () => undefined)
    store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }]).then(() => console.log('written'))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill())
  let output = ''
  child.stdout.on('data', data => {
    output += data
  })
  assert.deepEqual(await Promise.race([once(child, 'exit'), wait(20_000, undefined, { ref: false })]), [0, null])
  assert.equal(output, 'written\n')
})
