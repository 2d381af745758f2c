import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { OpenLone } from '../contract.suite.ts'
import { NAME_BYTES_MAX } from '../names.ts'
import { StoreError } from '../store-error.ts'
import { freshStore } from './clock.ts'

/** Any JavaScript string, lone surrogates, NUL and the store's own escape characters included. */
export const anyName = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        '\0',
        '\u0001',
        '\u0002',
        '\uD7FF',
        '\uD800',
        '\uDC00',
        '\uE000',
        '\uFFFD',
        '\u{10000}',
        'e\u0301',
        '\u00E9',
        'A',
        ' ',
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map(parts => parts.join('')),
)

/** The contract's order of keys: by code point. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  const at = left.findIndex((character, index) => character !== right[index])
  if (at < 0) return left.length - right.length
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1)
}

/** Names and values of every shape. */
export function namesContract(name: string, open: OpenLone): void {
  test(`${name}: any two different names are two records, and list keeps them in code point order`, async t => {
    const { store } = await freshStore(t, open)
    let run = 0
    const check = async (keys: readonly string[]) => {
      const tenant = store.of(`run ${++run}`)
      await tenant.commit(keys.map((key, n) => ({ insert: { kind: 'k', key, value: n, index: { name: key } } })))
      for (const [n, key] of keys.entries()) {
        assert.equal((await tenant.peek('k', key))?.value, n)
        assert.deepEqual(
          (await tenant.list('k', { index: ['name', key], limit: 2 })).records.map(r => r.key),
          [key],
        )
      }
      const listed = await tenant.list('k', { limit: keys.length + 1 })
      assert.deepEqual(
        listed.records.map(record => record.key),
        keys.toSorted(byCodePoint),
      )
    }
    await fc.assert(fc.asyncProperty(fc.uniqueArray(anyName, { minLength: 1, maxLength: 8 }), check), { numRuns: 150 })
  })

  test(`${name}: tenants, kinds, hashes and streams may have any name too`, async t => {
    const { store, clock } = await freshStore(t, open)
    const check = async (odd: string, value: unknown) => {
      const tenant = store.of(odd)
      const plain = JSON.parse(JSON.stringify(value))
      const append = { append: { stream: odd, value, expiresAt: clock.seconds + 60 } }
      await tenant.commit([{ put: { kind: odd, key: odd, value } }, append])
      assert.deepEqual((await tenant.peek(odd, odd))?.value, plain)
      const page = await tenant.read(odd, 0, 1000)
      assert.deepEqual(page.entries.at(-1), { seq: page.last, value: plain })
      const first = await tenant.claim(odd, odd, clock.seconds + 60)
      assert.equal(first, page.last === 1 ? 'won' : 'lost')
    }
    await fc.assert(fc.asyncProperty(anyName, fc.jsonValue({ stringUnit: 'binary' }), check), { numRuns: 150 })
  })

  test(`${name}: a name that cannot be stored is unknown when asked for and an error when written`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const invalid = (error: unknown) => error instanceof StoreError && error.code === 'invalid_write'
    assert.equal(
      (await tenant.commit([{ put: { kind: 'k', key: 'x'.repeat(NAME_BYTES_MAX), value: 1 } }])) !== undefined,
      true,
    )
    for (const odd of [
      '',
      'x'.repeat(NAME_BYTES_MAX + 1),
      'é'.repeat(NAME_BYTES_MAX / 2 + 1),
      '\0'.repeat(NAME_BYTES_MAX),
    ]) {
      assert.equal(await tenant.peek('k', odd), undefined)
      assert.equal(await tenant.peek(odd, 'k'), undefined)
      assert.deepEqual(await tenant.take('k', odd, { put: [] }), { unknown: true })
      assert.deepEqual((await tenant.list('k', { index: ['name', odd], limit: 1 })).records, [])
      assert.deepEqual(await tenant.read(odd, 0, 1), { entries: [], last: 0 })
      assert.deepEqual(await tenant.commit([{ remove: { kind: 'k', key: odd } }]), { committed: true })
      await assert.rejects(tenant.commit([{ put: { kind: 'k', key: odd, value: 1 } }]), invalid)
      await assert.rejects(tenant.commit([{ insert: { kind: odd, key: 'k', value: 1 } }]), invalid)
      await assert.rejects(tenant.claim('proof', odd, clock.seconds + 1), invalid)
    }
    await assert.rejects(tenant.commit([{ put: { kind: 'k', key: 'k', value: undefined } }]), invalid)
    await assert.rejects(tenant.commit([{ put: { kind: 'k', key: 'k', value: 1, expiresAt: 1.5 } }]), invalid)
    await assert.rejects(tenant.claim('proof', 'h', Number.NaN), invalid)
  })

  test(`${name}: large values come back whole, and one over the limit is refused`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const large = { text: '\u{1F511}é\0"\\'.repeat(300_000) }
    assert.deepEqual(await tenant.commit([{ put: { kind: 'k', key: 'large', value: large } }]), { committed: true })
    assert.deepEqual((await tenant.peek('k', 'large'))?.value, large)
    const many = Array.from({ length: 5000 }, (_, n) => ({ put: { kind: 'many', key: `k${n}`, value: n } }))
    assert.deepEqual(await tenant.commit(many), { committed: true })
    assert.equal((await tenant.list('many', { limit: 5000 })).records.length, 5000)
    const tooLarge = tenant.commit([{ put: { kind: 'k', key: 'k', value: 'x'.repeat(17 * 1024 * 1024) } }])
    await assert.rejects(tooLarge, error => error instanceof StoreError && error.code === 'invalid_write')
  })
}
