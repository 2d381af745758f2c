import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenLone } from '../contract.suite.ts'
import { freshStore } from './clock.ts'

/** How time ends records, claims and entries. */
export function expiryContract(name: string, open: OpenLone): void {
  test(`${name}: from its expiry on a record answers as unknown to every verb`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const expiresAt = clock.seconds + 10
    const record = { kind: 'code', key: 'k', value: 1, expiresAt, index: { owner: 'x' } }
    await tenant.commit([{ put: record }])
    const version = (await tenant.peek('code', 'k'))?.version ?? 0
    clock.seconds = expiresAt - 1
    assert.equal((await tenant.peek('code', 'k'))?.value, 1)
    assert.ok('conflict' in (await tenant.commit([{ insert: record }])))
    clock.seconds = expiresAt
    assert.equal(await tenant.peek('code', 'k'), undefined)
    assert.deepEqual(await tenant.take('code', 'k', { put: [] }), { unknown: true })
    assert.deepEqual((await tenant.list('code', { limit: 5 })).records, [])
    assert.deepEqual((await tenant.list('code', { index: ['owner', 'x'], limit: 5 })).records, [])
    assert.ok('conflict' in (await tenant.commit([{ replace: { ...record, expiresAt: expiresAt + 9 }, version }])))
    const next = { kind: 'code', key: 'k', value: 2, expiresAt: expiresAt + 9 }
    assert.deepEqual(await tenant.commit([{ insert: next }]), { committed: true })
    assert.equal((await tenant.peek('code', 'k'))?.value, 2)
    assert.deepEqual((await tenant.list('code', { index: ['owner', 'x'], limit: 5 })).records, [])
  })

  test(`${name}: a used record is kept until its expiry and shows when it was first used`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const [usedAt, expiresAt] = [clock.seconds, clock.seconds + 600]
    await tenant.commit([{ put: { kind: 'code', key: 'k', value: 1, expiresAt } }])
    assert.ok('won' in (await tenant.take('code', 'k', { put: [] })))
    for (clock.seconds += 1; clock.seconds < expiresAt; clock.seconds += 97) {
      const lost = await tenant.take('code', 'k', { put: [] })
      assert.ok('lost' in lost)
      assert.equal(lost.lost.firstUsedAt, usedAt)
      assert.ok('conflict' in (await tenant.commit([{ insert: { kind: 'code', key: 'k', value: 2 } }])))
    }
    clock.seconds = expiresAt
    assert.deepEqual(await tenant.take('code', 'k', { put: [] }), { unknown: true })
  })

  test(`${name}: a claim is remembered through its last second; one whose time has passed is never won`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const until = clock.seconds + 30
    assert.equal(await tenant.claim('proof', 'h', until), 'won')
    clock.seconds = until
    assert.equal(await tenant.claim('proof', 'h', until + 30), 'lost')
    clock.seconds = until + 1
    assert.equal(await tenant.claim('proof', 'h', until), 'lost')
    assert.equal(await tenant.claim('proof', 'h', until + 30), 'won')
    assert.equal(await tenant.claim('proof', 'h', until + 30), 'lost')
  })

  test(`${name}: expired entries of a stream are not read again, and its numbers go on`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const append = (value: string, seconds: number) =>
      tenant.commit([{ append: { stream: 'feed', value, expiresAt: clock.seconds + seconds } }])
    await append('a', 10)
    await append('b', 100)
    clock.seconds += 10
    assert.deepEqual(await tenant.read('feed', 0, 10), { entries: [{ seq: 2, value: 'b' }], last: 2 })
    clock.seconds += 100
    assert.deepEqual(await tenant.read('feed', 0, 10), { entries: [], last: 2 })
    await append('c', 10)
    assert.deepEqual(await tenant.read('feed', 2, 10), { entries: [{ seq: 3, value: 'c' }], last: 3 })
  })

  test(`${name}: a record without an expiry stays`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ put: { kind: 'client', key: 'c', value: 1 } }])
    clock.seconds += 100 * 365 * 86_400
    assert.equal((await tenant.peek('client', 'c'))?.value, 1)
  })
}
