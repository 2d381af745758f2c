import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { rowsOfTests, startLoaded, sweptBy, useSome } from './loaded.ts'
import { countRows } from './loaded-store.ts'
import { rowsOfUser } from './population.ts'

const loaded = await startLoaded(rowsOfTests / rowsOfUser, undefined)
after(() => loaded.stop())

test(`of ${rowsOfTests} grants and tokens in SQLite any is introspected, refreshed and signed in with (RFC 7662, OAuth 2.1 §4.3)`, async t => {
  await useSome(loaded)
  t.diagnostic(`${loaded.bytesARow} bytes on disk a grant or token`)
})

test('tokens that expired are gone from SQLite soon after, and live ones stay', async () => {
  const now = Math.floor(Date.now() / 1000)
  const { access } = await countRows(loaded.place)
  await loaded.write({ count: 1_200, from: now - 5, to: now + 2 })
  assert.equal(await sweptBy(loaded.place, now + 2, 30), 0)
  assert.equal((await countRows(loaded.place)).access, access)
})
