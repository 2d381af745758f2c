import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { rowsOfTests, startLoaded, sweptBy, useSome, yearOfTests } from '../scale/loaded.ts'
import { countRows } from '../scale/loaded-store.ts'
import { rowsOfUser } from '../scale/population.ts'
import { simulateYear } from '../scale/year.ts'
import { startPostgres } from './postgres.ts'

// What a crash would lose is another test's question.
const server = await startPostgres(['synchronous_commit = off'])
const loaded = await startLoaded(rowsOfTests / rowsOfUser, { url: server.url, schema: 'sallyport' })
after(async () => {
  await loaded.stop()
  await server.stop()
})

/** What the sweep leaves for machines whose clocks are behind. */
const graceSeconds = 60

test(`of ${rowsOfTests} grants and tokens in Postgres any is introspected, refreshed and signed in with (RFC 7662, OAuth 2.1 §4.3)`, async t => {
  await useSome(loaded)
  t.diagnostic(`${loaded.bytesARow} bytes on disk a grant or token`)
})

test('tokens that expired are gone from Postgres soon after the grace, and live ones stay', async () => {
  const now = Math.floor(Date.now() / 1000)
  const { access } = await countRows(loaded.place)
  await loaded.write({ count: 2_500, from: now - graceSeconds - 5, to: now - graceSeconds + 2 })
  assert.equal(await sweptBy(loaded.place, now - graceSeconds + 2, 30), 0)
  assert.equal((await countRows(loaded.place)).access, access)
})

test('in a simulated year no kind of row in Postgres grows over its second half', async t => {
  const year = await simulateYear({ url: server.url, schema: 'a_year' }, yearOfTests)
  t.diagnostic(JSON.stringify(year))
  assert.deepEqual(
    year.kinds.filter(({ grows }) => grows),
    [],
  )
})
