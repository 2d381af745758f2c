import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReplicaAlarm } from './standing.ts'
import { startPglite } from './testing/pglite-server.ts'
import { openAt, openScratch } from './testing/scratch-store.ts'

const nowSeconds = () => 1_800_000_000
const pglite = await startPglite()
after(() => pglite.stop())

/** A store with two records and such a replica, and what was heard of it. */
async function openBeside(t: TestContext, replicaUrl: string) {
  const { schema, key, dispose } = await openScratch(pglite.url, nowSeconds)
  t.after(dispose)
  const heard: ReplicaAlarm[] = []
  const replica = { url: replicaUrl, onAlarm: (alarm: ReplicaAlarm) => heard.push(alarm) }
  const store = await openAt({ url: pglite.url, schema, nowSeconds, replica }, key)
  t.after(() => store.close())
  await store
    .of('acme')
    .commit(['a', 'b'].map(name => ({ put: { kind: 'k', key: name, value: 1, index: { of: 'x' } } })))
  const listed = async () => {
    const pages = [{ limit: 5 }, { limit: 5, index: ['of', 'x'] as const }]
    const found = await Promise.all(pages.map(page => store.lagging('acme')?.listLagging('k', page)))
    return found.map(page => page?.records.map(({ key }) => key).join(' '))
  }
  return { listed, heard }
}

async function untilHeard(heard: readonly ReplicaAlarm[]): Promise<void> {
  for (const end = Date.now() + 15_000; heard.length === 0; await wait(20))
    assert.ok(Date.now() < end, 'nothing is heard')
}

test('what is no standby is never read from: the primary answers each page, and it is told once', async t => {
  const other = await startPglite()
  t.after(() => other.stop())
  for (const url of [pglite.url, other.url]) {
    const { listed, heard } = await openBeside(t, url)
    assert.deepEqual(await listed(), ['a b', 'a b'])
    await untilHeard(heard)
    await wait(2_500)
    assert.deepEqual(
      heard.map(({ what }) => what),
      ['no_copy'],
    )
    assert.deepEqual(await listed(), ['a b', 'a b'])
  }
})

test('nobody waits for a replica that takes connections and says nothing, or that is not there', async t => {
  const silent = createServer()
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.close())
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : undefined
  for (const place of [`127.0.0.1:${port}`, '127.0.0.1:1']) {
    const { listed, heard } = await openBeside(t, `postgres://reader:hunter22@${place}/postgres`)
    await untilHeard(heard)
    const begun = performance.now()
    for (let n = 0; n < 20; n += 1) assert.deepEqual(await listed(), ['a b', 'a b'])
    assert.ok(performance.now() - begun < 1_500, `${performance.now() - begun} ms`)
    assert.deepEqual(
      heard.map(({ what }) => what),
      ['lost'],
    )
    assert.match(heard[0]?.message ?? '', /Postgres 127\.0\.0\.1:\d+\/postgres cannot be reached/)
    assert.doesNotMatch(heard[0]?.message ?? '', /hunter22/)
  }
})

test('without a replica there is nothing that lags', async t => {
  const { store, dispose } = await openScratch(pglite.url, nowSeconds)
  t.after(dispose)
  assert.equal(store.lagging('acme'), undefined)
})
