import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCheckpoint } from '../audit/checkpoint.ts'
import { CHECKPOINT_KIND, CheckpointLog } from '../audit/checkpoint-log.ts'
import { type CheckpointOptions, Checkpoints } from '../audit/checkpoints.ts'
import type { AuditTrail } from '../audit/trail.ts'
import { verifyStore } from '../audit/verify-store.ts'
import type { OpenLone } from '../contract.suite.ts'
import type { Page, Store } from '../contract.ts'
import { record } from './audit-record.ts'
import { newSigner } from './checkpoint-signer.ts'
import { freshStore } from './clock.ts'

/** Signed ends of all chains. */
export function checkpointsContract(name: string, open: OpenLone): void {
  test(`${name}: a checkpoint has the ends of all chains and the hash of the one before; where nothing happened there is none`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [log, signer] = [new CheckpointLog(store), newSigner()]
    await recordSome(store, 'a')
    assert.equal(await log.write(signer, clock.seconds), true)
    assert.equal(await log.write(signer, clock.seconds), false)
    await recordSome(store, 'b')
    assert.equal(await log.write(signer, clock.seconds + 60), true)
    const [first, second] = (await Array.fromAsync(log.all())).map(readCheckpoint)
    assert.deepEqual([first?.number, first?.previous, second?.number, second?.at], [1, '', 2, clock.seconds + 60])
    const verdict = await verifyStore(store, signer)
    assert.deepEqual(second?.heads, verdict.heads)
    assert.deepEqual([verdict.intact, verdict.checkpoints, verdict.coveredUntil], [true, 2, clock.seconds + 60])
  })

  test(`${name}: of many that write a checkpoint at once one does, and the chain is one`, async t => {
    const { store, clock } = await freshStore(t, open)
    const signer = newSigner()
    for (let round = 0; round < 5; round += 1) {
      await recordSome(store, `${round}`)
      const logs = Array.from({ length: 8 }, () => new CheckpointLog(store))
      const written = await Promise.all(logs.map(log => log.write(signer, clock.seconds)))
      assert.equal(written.filter(Boolean).length, 1)
    }
    assert.deepEqual((await verifyStore(store, signer)).problems, [])
  })

  test(`${name}: one process at a time writes checkpoints, by its lease; another follows when it stops or is gone`, async t => {
    const { store, clock } = await freshStore(t, open)
    const signer = newSigner()
    const log = new CheckpointLog(store)
    const count = async () => (await Array.fromAsync(log.all())).length
    const [a, b] = [started(store, clock, 'a', signer), started(store, clock, 'b', signer)]
    await a.turn()
    await recordSome(store, '1')
    await b.turn()
    assert.equal(await count(), 0, 'the lease is another’s')
    await a.turn()
    assert.equal(await count(), 1)
    clock.seconds += 200
    await recordSome(store, '2')
    await b.turn()
    assert.equal(await count(), 2, 'the lease is over')
    await recordSome(store, '3')
    await b.stop()
    assert.equal(await count(), 3, 'the last turn of an orderly end')
    await recordSome(store, '4')
    await a.turn()
    assert.equal(await count(), 4, 'the lease was given back')
    await a.stop()
    assert.deepEqual((await verifyStore(store, signer)).problems, [])
  })

  test(`${name}: a checkpoint that another key signed, or that was changed, is found`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [log, signer] = [new CheckpointLog(store), newSigner()]
    await recordSome(store, 'a')
    await log.write(signer, clock.seconds)
    const newest = await log.newest()
    const { problems } = await verifyStore(store, newSigner())
    assert.deepEqual(problems, [{ found: 'forged', line: 0, writer: undefined, seq: 1 }])
    const forged = { text: newest?.text.replace('"number":1', '"number":2') ?? '', signature: newest?.signature ?? '' }
    const kept = (await verifyStore(store, signer, forged)).problems.map(({ found, seq }) => [found, seq])
    assert.deepEqual(kept, [['forged', 2]])
  })

  test(`${name}: the newest is found without the others being read again, also when the one seen last was taken away`, async t => {
    const { store, clock } = await freshStore(t, open)
    const signer = newSigner()
    let listed = 0
    const counting: Store = {
      ...withAudit(store, {}),
      of(tenant) {
        const view = store.of(tenant)
        return Object.assign(Object.create(view), {
          async list(kind: string, page: Page) {
            const found = await view.list(kind, page)
            listed += found.records.length
            return found
          },
          peek: view.peek.bind(view),
          commit: view.commit.bind(view),
        })
      },
    }
    const [log, other] = [new CheckpointLog(counting), new CheckpointLog(store)]
    for (let n = 0; n < 5; n += 1) {
      await recordSome(store, `${n}`)
      assert.equal(await (n % 2 === 0 ? log : other).write(signer, clock.seconds), true)
    }
    listed = 0
    assert.deepEqual(await log.newest(), await other.newest())
    assert.deepEqual(await log.newest(), await other.newest())
    assert.ok(listed <= 1, `${listed} read`)
    const remove = { kind: CHECKPOINT_KIND, key: '5'.padStart(15, '0') }
    await store.of('\u0001audit').commit([{ remove }])
    assert.equal(readCheckpoint((await log.newest()) ?? NONE).number, 4)
  })

  test(`${name}: nothing is signed behind a checkpoint that somebody else made, and what is none is found`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [log, signer] = [new CheckpointLog(store), newSigner()]
    await recordSome(store, 'a')
    await log.write(signer, clock.seconds)
    const newest = await log.newest()
    const head = Object.entries(readCheckpoint(newest ?? NONE).heads).at(0)
    // Its own begins a chain behind records that were taken out.
    const beginnings = Object.fromEntries([head ?? []])
    const text = JSON.stringify({ ...readCheckpoint(newest ?? NONE), number: 2, beginnings })
    const inPlaceOf = (key: string, value: unknown) =>
      store.of('\u0001audit').commit([{ put: { kind: CHECKPOINT_KIND, key: key.padStart(15, '0'), value } }])
    await inPlaceOf('2', { text, signature: newest?.signature })
    await recordSome(store, 'b')
    await assert.rejects(log.write(signer, clock.seconds), { code: 'corrupted' })
    for (const value of [{ text: 'none', signature: '' }, {}, { text: 'null', signature: '' }]) {
      await inPlaceOf('2', value)
      await assert.rejects(log.write(signer, clock.seconds), { code: 'corrupted' })
      const { problems } = await verifyStore(store, signer)
      assert.deepEqual(problems, [{ found: 'forged', line: 0, writer: undefined, seq: 2 }])
    }
  })

  test(`${name}: a chain that is gone, or shorter than it was, is in every later checkpoint as long as it was`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [log, signer] = [new CheckpointLog(store), newSigner()]
    await recordSome(store, 'a')
    await log.write(signer, clock.seconds)
    const { heads } = readCheckpoint((await log.newest()) ?? NONE)
    const emptied = withAudit(store, { heads: async () => ({ other: { seq: 1, hash: 'h' } }) })
    await new CheckpointLog(emptied).write(signer, clock.seconds)
    const after = readCheckpoint((await log.newest()) ?? NONE)
    assert.deepEqual([after.number, after.heads], [2, { other: { seq: 1, hash: 'h' }, ...heads }])
  })

  test(`${name}: what a turn stated and did not drop, because it was cut short, the next one drops`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [signer, troubles] = [newSigner(), [] as unknown[]]
    const old = { old: { seq: 1, hash: 'h' } }
    let drops = 0
    const audited = withAudit(store, {
      droppable: async () => old,
      async drop(upTo) {
        drops += 1
        assert.deepEqual(upTo, old)
        if (drops === 1) throw new Error('cut short')
      },
    })
    const onTrouble = (error: unknown) => troubles.push(error)
    const options = { store: audited, signer, holder: 'a', nowSeconds: () => clock.seconds, onTrouble }
    const checkpoints = new Checkpoints({ ...options, keepSeconds: 86_400 })
    await checkpoints.turn()
    assert.deepEqual([drops >= 2, troubles.length], [true, 1])
    await checkpoints.stop()
  })

  test(`${name}: an exported checkpoint finds that the store's own were cut`, async t => {
    const [{ store, clock }, other] = [await freshStore(t, open), await freshStore(t, open)]
    const signer = newSigner()
    for (const at of [store, other.store]) {
      await recordSome(at, 'a')
      await new CheckpointLog(at).write(signer, clock.seconds)
    }
    await recordSome(store, 'b')
    await new CheckpointLog(store).write(signer, clock.seconds)
    const kept = await new CheckpointLog(store).newest()
    assert.equal((await verifyStore(store, signer, kept)).intact, true)
    // The other store is this one before its second checkpoint, as a copy of an earlier time would be.
    const { problems } = await verifyStore(other.store, signer, kept)
    assert.equal(problems[0]?.found, 'cut')
    assert.ok(problems.some(({ found, line }) => found === 'cut' && line > 0))
  })
}

const NONE = { text: '{}', signature: '' }

/** The store with some of its trail's verbs replaced. */
function withAudit(store: Store, audit: Partial<AuditTrail>): Store {
  const { append, lines, heads, droppable, drop } = store.audit
  const own = { append, lines, heads, droppable, drop }
  const bound = Object.fromEntries(Object.entries(own).map(([verb, run]) => [verb, run.bind(store.audit)]))
  return { of: tenant => store.of(tenant), close: () => store.close(), audit: { ...own, ...bound, ...audit } }
}

function started(store: Store, clock: { seconds: number }, holder: string, signer: CheckpointOptions['signer']) {
  const onTrouble = (error: unknown) => {
    throw error
  }
  return new Checkpoints({ store, signer, holder, nowSeconds: () => clock.seconds, onTrouble })
}

async function recordSome(store: Store, key: string): Promise<void> {
  await store.of('acme').commit([{ put: { kind: 'k', key, value: 1 } }], { audit: record(`with ${key}`) })
  await store.audit.append(record(`alone ${key}`))
}
