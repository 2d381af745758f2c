import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenLone } from '../contract.suite.ts'
import type { Listed, TenantStore } from '../contract.ts'
import { freshStore } from './clock.ts'

/** What each verb answers to one caller; `take` has a suite of its own. */
export function verbsContract(name: string, open: OpenLone): void {
  test(`${name}: peek shows a record as it was put, and authorises nothing`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const expiresAt = clock.seconds + 60
    assert.deepEqual(await tenant.commit([{ put: { kind: 'code', key: 'k', value: { a: [1] }, expiresAt } }]), {
      committed: true,
    })
    const first = await tenant.peek('code', 'k')
    assert.ok(first !== undefined && first.version > 0)
    const { version: _, ...shown } = first
    assert.deepEqual(shown, { kind: 'code', key: 'k', value: { a: [1] }, expiresAt, usedAt: undefined })
    assert.deepEqual(await tenant.peek('code', 'k'), first)
    assert.equal(await tenant.peek('code', 'other'), undefined)
    assert.equal(await tenant.peek('other', 'k'), undefined)
  })

  test(`${name}: peekWith shows a record with those it names, and those they name`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const put = (kind: string, key: string, value: unknown, seconds?: number) =>
      ({ put: { kind, key, value, ...(seconds === undefined ? {} : { expiresAt: clock.seconds + seconds }) } }) as const
    await tenant.commit([
      put('refresh', 'r', { family: 'f', of: { client: 'c' }, note: 'a\0b' }),
      put('refresh', 'odd', { family: 7, of: null }),
      put('refresh', 'strange', { family: '\0\ud800', of: { client: 'c' } }),
      put('family', 'f', { subject: 'u', grant: 'gone' }),
      put('family', '\0\ud800', { subject: 'u' }),
      put('account', 'u', { name: 'Alice' }),
      put('grant', 'gone', {}, 1),
      put('revocation', 'client c', { before: 5 }),
    ])
    await store.of('other').commit([put('family', 'f', { subject: 'mallory' })])
    clock.seconds += 2
    const references = {
      family: {
        kind: 'family',
        path: ['family'],
        along: { account: { kind: 'account', path: ['subject'] }, grant: { kind: 'grant', path: ['grant'] } },
      },
      client: { kind: 'revocation', path: ['of', 'client'], prefix: 'client ' },
      inherited: { kind: 'revocation', path: ['constructor', 'name'] },
    } as const
    const shown = async (key: string) => {
      const read = await tenant.peekWith('refresh', key, references)
      if (read === undefined) return undefined
      assert.deepEqual(read.record, await tenant.peek('refresh', key))
      assert.deepEqual(Object.keys(read.along), ['family', 'client', 'inherited'])
      const { family, client, inherited } = read.along
      assert.equal(inherited, undefined)
      assert.deepEqual(client?.record, client && (await tenant.peek('revocation', 'client c')))
      return [
        family?.record.key,
        family?.along.account?.record.value,
        family?.along.grant?.record.key,
        client?.record.value,
      ]
    }
    const [alice, revoked] = [{ name: 'Alice' }, { before: 5 }]
    assert.deepEqual(await shown('r'), ['f', alice, undefined, revoked], 'the grant has expired')
    assert.deepEqual(await shown('odd'), [undefined, undefined, undefined, undefined], 'what is no text names nothing')
    assert.deepEqual(await shown('strange'), ['\0\ud800', alice, undefined, revoked])
    assert.equal(await shown('none'), undefined)
    const taken = await tenant.take('family', 'f', { put: [] })
    assert.ok('won' in taken)
    const after = await tenant.peekWith('refresh', 'r', references)
    assert.equal(after?.along.family?.record.usedAt, clock.seconds, 'a used record is shown as one')
  })

  test(`${name}: peekWith follows the names in a sealed value as well`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([
      { put: { kind: 'session', key: 's', value: { next: 'n' } } },
      { put: { kind: 'next', key: 'n', value: 1 } },
    ])
    const read = await tenant.peekWith('session', 's', { next: { kind: 'next', path: ['next'] } })
    assert.deepEqual([read?.record.value, read?.along.next?.record.value], [{ next: 'n' }, 1])
  })

  test(`${name}: claim is won by the first and lost by every other`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    const until = clock.seconds + 60
    assert.equal(await tenant.claim('proof', 'h', until), 'won')
    assert.equal(await tenant.claim('proof', 'h', until), 'lost')
    assert.equal(await tenant.claim('assertion', 'h', until), 'won')
    assert.equal(await tenant.claim('proof', 'i', until), 'won')
  })

  test(`${name}: commit writes all or nothing and names the write whose condition did not hold`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ insert: { kind: 'client', key: 'a', value: 1 } }])
    const writes = [
      { put: { kind: 'client', key: 'b', value: 2, index: { owner: 'x' } } },
      { append: { stream: 'feed', value: 'b', expiresAt: 2_000_000_000 } },
      { remove: { kind: 'client', key: 'a' } },
      { insert: { kind: 'client', key: 'b', value: 3 } },
    ]
    assert.deepEqual(await tenant.commit(writes), { conflict: { kind: 'client', key: 'b' } })
    assert.equal(await tenant.peek('client', 'b'), undefined)
    assert.equal((await tenant.peek('client', 'a'))?.value, 1)
    assert.deepEqual(await tenant.read('feed', 0, 10), { entries: [], last: 0 })
    assert.deepEqual(await tenant.commit(writes.slice(0, 3)), { committed: true })
    assert.equal(await tenant.peek('client', 'a'), undefined)
    assert.equal((await tenant.read('feed', 0, 10)).last, 1)
    assert.deepEqual(await tenant.commit([]), { committed: true })
  })

  test(`${name}: one operation's conflict never spoils another's of the same moment`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ put: { kind: 'client', key: 'taken', value: 0 } }])
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const insert = { insert: { kind: 'client', key: n % 3 === 0 ? 'taken' : `c${n}`, value: n } }
        return tenant.commit([{ put: { kind: 'trace', key: `t${n}`, value: n } }, insert])
      }),
    )
    for (const [n, answer] of answers.entries()) {
      const conflict = n % 3 === 0
      assert.equal('conflict' in answer, conflict)
      assert.equal((await tenant.peek('trace', `t${n}`))?.value, conflict ? undefined : n)
    }
  })

  test(`${name}: replace wants the version that was shown; put makes a new, unused record; replace keeps the use`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ put: { kind: 'grant', key: 'g', value: 1 } }])
    const first = await tenant.peek('grant', 'g')
    const replace = (value: number, version: number) => [{ replace: { kind: 'grant', key: 'g', value }, version }]
    assert.deepEqual(await tenant.commit(replace(2, first?.version ?? 0)), { committed: true })
    assert.deepEqual(await tenant.commit(replace(3, first?.version ?? 0)), { conflict: { kind: 'grant', key: 'g' } })
    const taken = await tenant.take('grant', 'g', { put: [] })
    assert.ok('won' in taken && taken.won.value === 2)
    await tenant.commit(replace(4, taken.won.version))
    const replaced = await tenant.peek('grant', 'g')
    assert.deepEqual([replaced?.value, replaced?.usedAt], [4, clock.seconds])
    await tenant.commit([{ put: { kind: 'grant', key: 'g', value: 5 } }])
    const put = await tenant.peek('grant', 'g')
    assert.deepEqual([put?.value, put?.usedAt], [5, undefined])
    assert.ok(put !== undefined && replaced !== undefined && put.version > replaced.version)
  })

  test(`${name}: a record that was removed and made again has no version it had before`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ insert: { kind: 'client', key: 'c', value: 1 } }])
    const old = (await tenant.peek('client', 'c'))?.version ?? 0
    await tenant.commit([{ remove: { kind: 'client', key: 'c' } }])
    await tenant.commit([{ insert: { kind: 'client', key: 'c', value: 2 } }])
    assert.ok('conflict' in (await tenant.commit([{ replace: { kind: 'client', key: 'c', value: 3 }, version: old }])))
  })

  test(`${name}: tenants see nothing of each other in any verb`, async t => {
    const { store, clock } = await freshStore(t, open)
    const [acme, other] = [store.of('acme'), store.of('other')]
    const until = clock.seconds + 60
    const put = { put: { kind: 'client', key: 'k', value: 1, index: { owner: 'x' } } }
    await acme.commit([put, { append: { stream: 'feed', value: 1, expiresAt: until } }])
    assert.equal(await other.peek('client', 'k'), undefined)
    assert.deepEqual(await other.take('client', 'k', { put: [] }), { unknown: true })
    assert.deepEqual(await other.list('client', { limit: 5 }), { records: [], next: undefined })
    assert.deepEqual(await other.list('client', { index: ['owner', 'x'], limit: 5 }), { records: [], next: undefined })
    assert.deepEqual(await other.read('feed', 0, 5), { entries: [], last: 0 })
    await other.commit([{ remove: { kind: 'client', key: 'k' } }])
    assert.equal((await acme.peek('client', 'k'))?.usedAt, undefined)
    assert.deepEqual(await other.commit([{ insert: { kind: 'client', key: 'k', value: 2 } }]), { committed: true })
    assert.equal((await acme.peek('client', 'k'))?.value, 1)
    assert.equal(await acme.claim('proof', 'h', until), 'won')
    assert.equal(await other.claim('proof', 'h', until), 'won')
  })

  test(`${name}: list gives each live record once, in key order, page by page, also by index`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const keys = Array.from({ length: 53 }, (_, n) => `k${String((n * 37) % 53).padStart(3, '0')}`)
    const index = (key: string) => ({ parity: Number(key.slice(1)) % 2 === 0 ? 'even' : 'odd', all: 'yes' })
    await tenant.commit(keys.map(key => ({ put: { kind: 'grant', key, value: key, index: index(key) } })))
    const sorted = keys.toSorted()
    const even = sorted.filter(key => index(key).parity === 'even')
    assert.deepEqual(await allPages(tenant, 10), sorted)
    assert.deepEqual(await allPages(tenant, 53), sorted)
    assert.deepEqual(await allPages(tenant, 9, ['parity', 'even']), even)
    assert.deepEqual(await allPages(tenant, 9, ['parity', 'neither']), [])
    await tenant.commit([{ put: { kind: 'grant', key: 'k000', value: 'k000', index: { parity: 'odd' } } }])
    await tenant.commit([{ remove: { kind: 'grant', key: 'k002' } }])
    assert.deepEqual(await allPages(tenant, 9, ['parity', 'even']), even.slice(2))
    assert.deepEqual(
      await allPages(tenant, 9, ['all', 'yes']),
      sorted.filter(key => key !== 'k000' && key !== 'k002'),
    )
  })
}

async function allPages(tenant: TenantStore, limit: number, index?: readonly [string, string]): Promise<string[]> {
  const keys: string[] = []
  let after: string | undefined
  do {
    const page: Listed = await tenant.list('grant', { limit, ...(index && { index }), ...(after && { after }) })
    assert.ok(page.records.length <= limit)
    keys.push(...page.records.map(record => record.key))
    after = page.next
  } while (after !== undefined)
  return keys
}
