import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RevocationEntry, revocationList } from '@sallyport/credentials'
import { openRevocationFeed } from './revocation-feed.ts'
import { revocationStream, revocationWrites } from './revocations.ts'
import { openHarness } from './testing/authority-harness.ts'

test('a store that lost its newest entries, as a replica that took over, ends the epoch: what comes with their numbers is told all the same', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { store: real, now } = harness.context
  // Entries that were committed, told, and then lost with the primary.
  let lost = 0
  const store: typeof real = {
    ...real,
    read: async (stream, after, limit) => {
      const page = await real.read<never>(stream, Math.max(0, after - lost), limit)
      const entries = page.entries.map(entry => ({ ...entry, seq: entry.seq + lost }))
      return { entries: entries.filter(({ seq }) => seq > after), last: page.last + lost }
    },
  }
  lost = 3
  const feed = await openRevocationFeed({ ...harness.context, store })
  t.after(() => feed.close())
  const list = revocationList({ issuer: harness.context.issuer })
  let dropped = 0
  const listener = {
    send: (lines: readonly string[]) => lines.map(line => list.apply(line, now())).every(applied => applied !== 'gap'),
    drop: () => {
      dropped += 1
    },
  }
  const token = (jti: string) => ({ jti, family: 'fam_1', clientId: 'web', iat: now() })
  await feed.join(listener, undefined)
  await feed.beat()
  assert.equal(list.judge(token('at_1'), now()), 'live')
  const before = list.state()
  lost = 0
  const entry: RevocationEntry = { kind: 'token', id: 'at_1', before: now(), exp: now() + 400 }
  await real.commit(revocationWrites(entry))
  assert.equal((await real.read(revocationStream, 0, 10)).last, 1)
  await feed.beat()
  assert.equal(dropped, 1)
  await feed.join(listener, { epoch: before.epoch ?? '', seq: before.seq ?? 0 })
  assert.equal(list.judge(token('at_1'), now()), 'revoked')
  assert.notEqual(list.state().epoch, before.epoch)
})

test('however many listeners come in a second, one snapshot is made for them, and one that comes after a revocation has it', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { store: real, now } = harness.context
  let listings = 0
  const list: typeof real.list = (kind, page) => {
    if (kind === 'revocation') listings += 1
    return real.list(kind, page)
  }
  const feed = await openRevocationFeed({ ...harness.context, store: { ...real, list } })
  t.after(() => feed.close())
  const join = async () => {
    const known = revocationList({ issuer: harness.context.issuer })
    await feed.join({ send: lines => lines.every(line => known.apply(line, now())), drop: () => undefined }, undefined)
    return known.judge({ jti: 'at_1', family: 'fam_1', clientId: 'web', iat: now() }, now())
  }
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, join))), new Set(['live']))
  assert.equal(listings, 1)
  await real.commit(revocationWrites({ kind: 'token', id: 'at_1', before: now(), exp: now() + 400 }))
  assert.equal(await join(), 'revoked')
  assert.equal(listings, 2)
})
