import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RevocableToken } from './judge-caller.ts'
import {
  type FeedMessage,
  type RevocationEntry,
  type RevokedKind,
  signFeedMessage,
  snapshotMessages,
} from './revocation-feed.ts'
import { type RevocationList, revocationList } from './revocation-list.ts'
import { signNow } from './sign.ts'
import { generateSigningKey, type SigningKey, verifyKeyOf } from './signing-key.ts'

const issuer = 'https://as.example'
const now = 1_800_000_000
const [feedKey, nextKey] = [generateSigningKey('EdDSA'), generateSigningKey('EdDSA')]
const token: RevocableToken = { jti: 'j1', family: 'f1', clientId: 'c1', kid: 'k1', iat: now - 10 }
const entry = (kind: RevokedKind, id: string, before = now): RevocationEntry => ({ kind, id, before, exp: now + 400 })

async function send(list: RevocationList, message: FeedMessage, at = now, key: SigningKey = feedKey, signedAt = at) {
  const result = list.apply(await signFeedMessage(message, { issuer, nowSeconds: signedAt, key }, signNow), at)
  return typeof result === 'string' ? result : result.refused
}
const heartbeat = (seq: number, epoch = 'e1'): FeedMessage => ({ type: 'heartbeat', epoch, seq })
const added = (seq: number, what: RevocationEntry, epoch = 'e1'): FeedMessage => ({
  type: 'entry',
  epoch,
  seq,
  entry: what,
})

async function startedList(entries: readonly RevocationEntry[] = [], options = {}) {
  const list = revocationList({ issuer, pinned: verifyKeyOf(feedKey), ...options })
  for (const piece of snapshotMessages(entries, { epoch: 'e1', seq: 0 }))
    assert.equal(await send(list, piece), 'applied')
  return list
}

test('before the first snapshot nothing is known', async () => {
  const list = revocationList({ issuer, pinned: verifyKeyOf(feedKey) })
  assert.equal(list.judge(token, now), 'unknown')
  assert.equal(await send(list, heartbeat(0)), 'gap')
  assert.equal(await send(list, added(1, entry('token', 'j2'))), 'gap')
  assert.equal(list.judge(token, now), 'unknown')
})

test('S73 a token dies by its id, its family, its client and its key', async () => {
  for (const [kind, id] of [
    ['token', 'j1'],
    ['family', 'f1'],
    ['client', 'c1'],
    ['key', 'k1'],
  ] as const) {
    const list = await startedList()
    assert.equal(list.judge(token, now), 'live')
    assert.equal(await send(list, added(1, entry(kind, id))), 'applied')
    assert.equal(list.judge(token, now), 'revoked', kind)
    assert.equal(list.judge({ jti: 'j9', clientId: 'c9', iat: now }, now), 'live')
  }
})

test('a family, client or key ends tokens issued at or before the second named, and not the later ones', async () => {
  for (const [kind, id] of [
    ['family', 'f1'],
    ['client', 'c1'],
    ['key', 'k1'],
  ] as const) {
    const list = await startedList([entry(kind, id, now - 10)])
    assert.equal(list.judge(token, now), 'revoked')
    assert.equal(list.judge({ ...token, iat: now - 9 }, now), 'live')
  }
})

test('an identifier of one kind is not taken for another kind', async () => {
  const list = await startedList([entry('family', 'j1'), entry('token', 'f1'), entry('key', 'c1')])
  assert.equal(list.judge(token, now), 'live')
})

test('the snapshot’s entries hold, also in several pieces', async () => {
  const list = revocationList({ issuer, pinned: verifyKeyOf(feedKey) })
  const pieces = snapshotMessages(
    [entry('token', 'j0'), entry('token', 'j1'), entry('token', 'j2')],
    { epoch: 'e1', seq: 5 },
    1,
  )
  const [first, second, third] = pieces
  assert.ok(first && second && third)
  assert.equal(await send(list, first), 'applied')
  assert.equal(await send(list, heartbeat(5)), 'ignored')
  assert.equal(list.judge(token, now), 'unknown')
  assert.equal(await send(list, third), 'gap')
  for (const piece of pieces) assert.equal(await send(list, piece), 'applied')
  assert.equal(list.judge(token, now), 'revoked')
  assert.equal(await send(list, heartbeat(5)), 'applied')
})

test('a missed entry is a gap, by the next entry or the next heartbeat, until a new snapshot closes it', async () => {
  for (const message of [heartbeat(1), added(2, entry('token', 'j2'))]) {
    const list = await startedList()
    assert.equal(await send(list, message), 'gap')
    assert.equal(list.state().inStep, false)
    assert.equal(await send(list, heartbeat(0), now + 5), 'gap', 'a heartbeat does not freshen an incomplete list')
    assert.equal(list.judge(token, now + 11), 'unknown')
    const [snapshot] = snapshotMessages([entry('token', 'j2')], { epoch: 'e1', seq: 2 })
    assert.ok(snapshot)
    assert.equal(await send(list, snapshot, now + 11), 'applied')
    assert.equal(list.judge(token, now + 11), 'live')
    assert.equal(list.judge({ ...token, jti: 'j2' }, now + 11), 'revoked')
  }
})

test('repeated and old messages change nothing', async () => {
  const list = await startedList()
  assert.equal(await send(list, added(1, entry('token', 'j2'))), 'applied')
  assert.equal(await send(list, added(1, entry('token', 'j3'))), 'ignored')
  assert.equal(await send(list, heartbeat(0)), 'ignored')
  assert.equal(list.judge({ ...token, jti: 'j3' }, now), 'live')
})

test('a new epoch needs a snapshot', async () => {
  const list = await startedList()
  assert.equal(await send(list, heartbeat(0, 'e2')), 'gap')
  const [snapshot] = snapshotMessages([], { epoch: 'e2', seq: 0 })
  assert.ok(snapshot)
  assert.equal(await send(list, snapshot), 'applied')
  assert.equal(await send(list, heartbeat(0, 'e2')), 'applied')
})

test('a new snapshot takes no revocation back, as after an authority restored from an old copy', async () => {
  const list = await startedList([entry('token', 'j1')])
  const [snapshot] = snapshotMessages([], { epoch: 'e2', seq: 0 })
  assert.ok(snapshot)
  await send(list, snapshot)
  assert.equal(list.judge(token, now), 'revoked')
})

test('S75 silence over the bound answers unknown; what is known dead stays dead', async () => {
  const list = await startedList([entry('token', 'j1')], { maxSilenceSeconds: 10 })
  const live = { ...token, jti: 'j2' }
  assert.equal(list.judge(live, now + 10), 'live')
  assert.equal(list.judge(live, now + 11), 'unknown')
  assert.equal(list.judge(token, now + 11), 'revoked')
  await send(list, heartbeat(0), now + 12)
  assert.equal(list.view(() => now + 22).judge(live), 'live')
  assert.equal(list.view(() => now + 23).judge(live), 'unknown')
})

test('the bound is kept within 2 and 300 s', async () => {
  const short = await startedList([], { maxSilenceSeconds: 0 })
  assert.equal(short.judge(token, now + 2), 'live')
  assert.equal(short.judge(token, now + 3), 'unknown')
  const long = await startedList([], { maxSilenceSeconds: 99_999 })
  assert.equal(long.judge(token, now + 301), 'unknown')
})

test('a recorded stream played again is stale, and does not freshen the list', async () => {
  const list = await startedList()
  assert.equal(await send(list, heartbeat(0), now + 20, feedKey, now), 'stale')
  assert.equal(list.judge(token, now + 20), 'unknown')
  assert.equal(await send(list, heartbeat(0), now, feedKey, now + 11), 'stale')
  assert.equal(await send(list, heartbeat(0), now, feedKey, now + 9), 'applied')
  assert.equal(list.judge(token, now + 11), 'unknown', 'a fast clock of the authority lends no time')
})

test('the first key introduced is pinned; only it can vouch for another', async () => {
  const list = revocationList({ issuer })
  const stranger = generateSigningKey('EdDSA')
  assert.equal(await send(list, { type: 'key', jwk: feedKey.publicJwk }), 'applied')
  assert.equal(await send(list, { type: 'key', jwk: stranger.publicJwk }, now, stranger), 'ignored')
  assert.equal(await send(list, heartbeat(0), now, stranger), 'unknown_key')
  assert.deepEqual(list.state().trustedKids, [feedKey.kid])
})

test('a successor signs once the feed’s key vouched for it, and then the key before it no more', async () => {
  const list = await startedList()
  assert.equal(await send(list, heartbeat(0), now, nextKey), 'unknown_key')
  assert.equal(await send(list, { type: 'key', jwk: nextKey.publicJwk }), 'applied')
  assert.equal(await send(list, heartbeat(0)), 'applied')
  assert.equal(await send(list, heartbeat(0), now, nextKey), 'applied')
  assert.equal(await send(list, heartbeat(0), now, feedKey), 'unknown_key')
})

test('a late guard follows the chain of keys, and one that knows its end passes over the beginning', async () => {
  const chain: readonly (readonly [FeedMessage, SigningKey])[] = [
    [{ type: 'key', jwk: feedKey.publicJwk }, feedKey],
    [{ type: 'key', jwk: nextKey.publicJwk }, feedKey],
  ]
  const late = revocationList({ issuer })
  for (const [message, key] of chain) assert.equal(await send(late, message, now, key, 1), 'applied')
  const pinned = revocationList({ issuer, pinned: verifyKeyOf(nextKey) })
  assert.equal(await send(pinned, chain[0]?.[0] ?? heartbeat(0), now, feedKey), 'ignored')
  assert.equal(await send(pinned, chain[1]?.[0] ?? heartbeat(0), now, feedKey), 'ignored')
  for (const list of [late, pinned]) {
    const [snapshot] = snapshotMessages([], { epoch: 'e1', seq: 0 })
    assert.ok(snapshot)
    assert.equal(await send(list, snapshot, now, nextKey), 'applied')
    assert.deepEqual(list.state().trustedKids, [nextKey.kid])
  }
})

test('memory is bounded: expired entries are forgotten, and a list that is full closes', async () => {
  const list = await startedList([entry('token', 'j1'), { ...entry('token', 'gone'), exp: now - 1 }])
  assert.equal(list.state().entries, 1)
  await send(list, heartbeat(0), now + 401)
  await send(list, heartbeat(0), now + 401)
  assert.equal(list.state().entries, 0)
  const small = await startedList([entry('token', 'j1')], { maxEntries: 1 })
  assert.equal(await send(small, added(1, entry('token', 'j2'))), 'too_many_entries')
  assert.equal(await send(small, heartbeat(1)), 'gap')
  assert.equal(small.judge({ ...token, jti: 'j2' }, now + 11), 'unknown')
})

test('whatever is lost, doubled or delayed on the way, no revoked token is live once the list is in step', async () => {
  const fate = fc.constantFrom('arrives', 'arrives', 'arrives', 'lost', 'twice')
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 12 }), async fates => {
      const list = await startedList()
      const sent: RevocationEntry[] = []
      for (const [index, what] of fates.entries()) {
        const next = entry('token', `t${index}`)
        sent.push(next)
        if (what !== 'lost') await send(list, added(sent.length, next))
        if (what === 'twice') await send(list, added(sent.length, next))
        if ((await send(list, heartbeat(sent.length))) === 'gap')
          for (const piece of snapshotMessages(sent, { epoch: 'e1', seq: sent.length }, 3)) await send(list, piece)
        assert.equal(list.state().inStep, true)
        for (const { id } of sent) assert.equal(list.judge({ ...token, jti: id }, now), 'revoked')
      }
      assert.equal(list.judge(token, now), 'live')
    }),
    { numRuns: 30 },
  )
})

test('no text makes the list throw', () => {
  const list = revocationList({ issuer })
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => assert.ok(typeof list.apply(text, now) === 'object')))
})
