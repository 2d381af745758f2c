import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { OpenFresh, OpenLone } from '../contract.suite.ts'
import type { TenantStore } from '../contract.ts'
import { freshStore, sharedStore } from './clock.ts'

const FAR = 4_000_000_000

/** Ordered streams, and who is woken by them. */
export function streamsContract(name: string, open: OpenLone): void {
  test(`${name}: the entries of a stream are numbered without gaps in the order of their commits`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const append = (value: number) => ({ append: { stream: 'feed', value, expiresAt: FAR } })
    for (let n = 0; n < 5; n += 1) await tenant.commit([append(n * 2), append(n * 2 + 1)])
    const all = await tenant.read<number>('feed', 0, 100)
    assert.deepEqual(all, { entries: Array.from({ length: 10 }, (_, n) => ({ seq: n + 1, value: n })), last: 10 })
    assert.deepEqual(await tenant.read('feed', 3, 2), { entries: all.entries.slice(3, 5), last: 10 })
    assert.deepEqual(await tenant.read('feed', 10, 2), { entries: [], last: 10 })
    await tenant.take('none', 'none', { put: [append(99)] })
    assert.equal((await tenant.read('feed', 0, 1)).last, 10)
  })

  test(`${name}: a watcher wakes after a commit of this process, can read the entry then, and can stop`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const append = (stream: string) => tenant.commit([{ append: { stream, value: 1, expiresAt: FAR } }])
    const seen: number[] = []
    const stop = tenant.watch('feed', async () => seen.push((await tenant.read('feed', 0, 100)).last))
    await append('other')
    await append('feed')
    await until(() => seen.length === 1)
    assert.deepEqual(seen, [1])
    await tenant.commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
    await tenant.take('k', 'k', { put: [{ append: { stream: 'feed', value: 2, expiresAt: FAR } }] })
    await until(() => seen.length === 2)
    stop()
    await append('feed')
    await wait(150)
    assert.deepEqual(seen, [1, 2])
  })

  test(`${name}: a commit that meets a conflict wakes nobody, nor does another tenant's`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    let woken = 0
    tenant.watch('feed', () => {
      woken += 1
    })
    await tenant.commit([{ put: { kind: 'k', key: 'k', value: 1 } }])
    const append = { append: { stream: 'feed', value: 1, expiresAt: FAR } }
    assert.ok('conflict' in (await tenant.commit([append, { insert: { kind: 'k', key: 'k', value: 2 } }])))
    await store.of('other').commit([append])
    await wait(150)
    assert.equal(woken, 0)
  })
}

/** Streams that several processes append to. */
export function processStreamsContract(name: string, open: OpenFresh): void {
  test(`${name}: entries that two processes append at once are all there, numbered without gaps, and wake a watcher`, async t => {
    const { store, contend } = await sharedStore(t, open)
    const tenant = store.of('acme')
    const contender = await contend()
    const seen = new Set<number>()
    let position = 0
    const follow = async () => {
      for (let page = await next(tenant, position); page.length > 0; page = await next(tenant, position)) {
        for (const { seq } of page) {
          assert.equal(seq, position + 1)
          position = seq
          seen.add(seq)
        }
      }
    }
    let following = Promise.resolve()
    tenant.watch('feed', () => {
      following = following.then(follow) // calls may come while one before still reads
    })
    const theirs = contender.ask({ append: { tenant: 'acme', stream: 'feed', count: 100 } })
    for (let n = 0; n < 100; n += 1)
      await tenant.commit([{ append: { stream: 'feed', value: `here ${n}`, expiresAt: FAR } }])
    await theirs
    await until(() => seen.size === 200)
    await following
    const { entries } = await tenant.read<string>('feed', 0, 1000)
    for (const writer of ['here', 'there']) {
      const own = entries.map(({ value }) => value).filter(value => value.startsWith(writer))
      assert.deepEqual(
        own,
        Array.from({ length: 100 }, (_, n) => `${writer} ${n}`),
      )
    }
  })

  test(`${name}: a watcher hears of another process's entry in well under a second (median of 5)`, async t => {
    const { store, contend } = await sharedStore(t, open)
    const tenant = store.of('acme')
    const contender = await contend()
    let woken = 0
    tenant.watch('feed', () => {
      woken += 1
    })
    const tookMs: number[] = []
    for (let round = 1; round <= 5; round += 1) {
      await contender.ask({ append: { tenant: 'acme', stream: 'feed', count: 1 } })
      const appended = performance.now()
      await until(() => woken >= round)
      tookMs.push(performance.now() - appended)
    }
    const [, , median = Number.NaN] = tookMs.toSorted((a, b) => a - b)
    assert.ok(median < 900, `${tookMs} ms`)
  })
}

async function next(tenant: TenantStore, after: number) {
  return (await tenant.read('feed', after, 50)).entries
}

async function until(condition: () => boolean, limitMs = 30_000): Promise<void> {
  for (const end = Date.now() + limitMs; !condition(); await wait(5))
    assert.ok(Date.now() < end, 'it did not happen in time')
}
