import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openScratch } from './scratch-store.ts'

test('a simulated day of codes, proofs and entries keeps every table bounded and loses nothing that lives', async t => {
  const { store, clock, rows } = await counted(t)
  const tenant = store.of('acme')
  await tenant.commit([{ put: { kind: 'client', key: 'c', value: 1, index: { owner: 'x' } } }])
  let most = 0
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const expiresAt = clock.seconds + 120
    const key = `m${minute}`
    const record = { kind: 'code', key, value: minute, expiresAt, index: { client: 'c' } }
    const append = { append: { stream: 'feed', value: minute, expiresAt } }
    await Promise.all([
      tenant.commit([{ put: record }, append, { put: { kind: 'grant', key: `g${minute % 10}`, value: 1, expiresAt } }]),
      tenant.claim('proof', key, expiresAt),
      tenant.take('code', key, { put: [] }),
    ])
    clock.seconds += 60
    most = Math.max(most, ...Object.values(rows()))
  }
  assert.ok(most <= 20, `a table had ${most} rows`)
  assert.equal((await tenant.read('feed', 0, 1)).last, 24 * 60)
  assert.equal((await tenant.list('client', { index: ['owner', 'x'], limit: 2 })).records.length, 1)
})

test('a heap of expired rows is removed in bounded batches, with other writes between them', async t => {
  const { store, clock, rows } = await counted(t)
  const tenant = store.of('acme')
  const expiresAt = clock.seconds + 60
  for (let part = 0; part < 5; part += 1) {
    const names = Array.from({ length: 1000 }, (_, n) => `${part} ${n}`)
    await tenant.commit(
      names.map(key => ({ put: { kind: 'code', key, value: key, expiresAt, index: { all: 'yes' } } })),
    )
    await Promise.all(names.map(name => tenant.claim('proof', name, expiresAt)))
  }
  await tenant.commit([{ put: { kind: 'client', key: 'c', value: 1 } }])
  assert.deepEqual(rows(), { record: 5001, record_index: 5000, claim: 5000, stream_entry: 0 })
  clock.seconds = expiresAt + 1
  const steps: number[] = []
  for (let left = rows().record; left > 1 && steps.length < 1000; ) {
    await tenant.commit([{ put: { kind: 'client', key: 'c', value: steps.length } }])
    steps.push(left - rows().record)
    left = rows().record
  }
  assert.ok(Math.max(...steps) <= 1500, `one write waited for the removal of ${Math.max(...steps)} rows`)
  assert.ok(steps.filter(removed => removed > 0).length >= 4, 'it was not done at once')
  await until(() => rows().claim === 0)
  assert.deepEqual(rows(), { record: 1, record_index: 0, claim: 0, stream_entry: 0 })
})

test('the file does not grow when as much expires as is written', async t => {
  const { store, clock, pages } = await counted(t)
  const tenant = store.of('acme')
  const hour = async () => {
    for (let n = 0; n < 60; n += 1) {
      const expiresAt = clock.seconds + 600
      const names = Array.from({ length: 40 }, (_, code) => `${clock.seconds} ${code}`)
      await Promise.all(
        names.map(key => tenant.commit([{ put: { kind: 'code', key, value: 'x'.repeat(500), expiresAt } }])),
      )
      clock.seconds += 60
    }
  }
  await hour()
  const start = pages()
  await hour()
  await hour()
  assert.ok(pages() <= start * 1.2, `${start} pages became ${pages()}`)
})

async function counted(t: TestContext) {
  const clock = { seconds: 1_800_000_000 }
  const { store, path, dispose } = await openScratch(() => clock.seconds)
  t.after(dispose)
  const other = new DatabaseSync(path, { readOnly: true })
  t.after(() => other.close())
  const count = (table: string) => Number(other.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n)
  const rows = () => ({
    record: count("record WHERE kind <> 'store'"),
    record_index: count('record_index'),
    claim: count('claim'),
    stream_entry: count('stream_entry'),
  })
  return { store, clock, rows, pages: () => Number(other.prepare('PRAGMA page_count').get()?.page_count) }
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await wait(5)) assert.ok(Date.now() < end, 'it did not happen')
}
