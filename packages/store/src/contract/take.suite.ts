import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenLone } from '../contract.suite.ts'
import type { Write } from '../contract.ts'
import { StoreError } from '../store-error.ts'
import { freshStore } from './clock.ts'

/** What is taken is won once, with its effects or not at all, and its winner learns who stands behind it. */
export function takeContract(name: string, open: OpenLone): void {
  test(`${name}: take is won once and writes its successors; the second take is lost and writes nothing`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ insert: { kind: 'code', key: 'k', value: 1 } }])
    const before = await tenant.peek('code', 'k')
    const successor = (key: string) => ({ put: [{ put: { kind: 'token', key, value: key } }] })
    const won = await tenant.take('code', 'k', successor('a'))
    assert.ok('won' in won)
    assert.equal(won.won.value, 1)
    assert.equal(won.won.usedAt, clock.seconds)
    assert.ok(before !== undefined && won.won.version > before.version)
    const usedAt = clock.seconds
    clock.seconds += 5
    const lost = await tenant.take('code', 'k', successor('b'))
    assert.deepEqual(lost, { lost: { record: won.won, firstUsedAt: usedAt } })
    assert.equal((await tenant.peek('code', 'k'))?.usedAt, usedAt)
    assert.equal((await tenant.peek('token', 'a'))?.value, 'a')
    assert.equal(await tenant.peek('token', 'b'), undefined)
    assert.deepEqual(await tenant.take('code', 'none', successor('c')), { unknown: true })
    assert.equal(await tenant.peek('token', 'c'), undefined)
  })

  test(`${name}: take shows its winner who stands behind what it took, as they are after the commit`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const account = (key: string, name: string) => ({ put: { kind: 'account', key, value: { name } } })
    const code = (kind: string, key: string) => ({ put: { kind, key, value: { subject: 'u', session: 's' } } })
    const along = {
      account: { kind: 'account', path: ['subject'] },
      end: { kind: 'ended', path: ['session'] },
      client: { kind: 'client', path: ['client_id'] },
    } as const
    await tenant.commit([code('code', 'a'), code('code', 'b'), code('session', 'sealed'), account('u', 'before')])
    const seen = async (kind: string, key: string, put: readonly Write[] = []) => {
      const taken = await tenant.take(kind, key, { put, along })
      if (!('won' in taken)) return 'along' in taken ? 'a loser that was shown something' : Object.keys(taken)
      assert.deepEqual(Object.keys(taken.along ?? {}), ['account', 'end', 'client'])
      assert.deepEqual(taken.along?.account?.record, await tenant.peek('account', 'u'))
      return [taken.along?.account?.record.value, taken.along?.end?.record.value, taken.along?.client]
    }
    assert.deepEqual(await seen('code', 'a', [account('u', 'after')]), [{ name: 'after' }, undefined, undefined])
    assert.deepEqual(await seen('code', 'a'), ['lost'])
    assert.deepEqual(await seen('code', 'none'), ['unknown'])
    await tenant.commit([{ put: { kind: 'ended', key: 's', value: 1 } }])
    const gone = { remove: { kind: 'code', key: 'b' } }
    assert.deepEqual(await seen('code', 'b', [gone]), [{ name: 'after' }, 1, undefined], 'its own effects removed it')
    assert.deepEqual(await seen('session', 'sealed'), [{ name: 'after' }, 1, undefined], 'the value is sealed')
    await tenant.commit([code('code', 'c')])
    assert.deepEqual(Object.keys(await tenant.take('code', 'c', { put: [] })), ['won'])
  })

  test(`${name}: what is being taken while the store closes is answered whole`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const account = { put: { kind: 'account', key: 'u', value: 1 } }
    await tenant.commit([{ put: { kind: 'code', key: 'k', value: { subject: 'u' } } }, account])
    const taking = tenant.take('code', 'k', { put: [], along: { account: { kind: 'account', path: ['subject'] } } })
    await store.close()
    const taken = await taking
    assert.ok('won' in taken)
    assert.equal(taken.along?.account?.record.value, 1)
  })

  test(`${name}: what ends while something begins is seen by the one or finds the other`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    for (let round = 0; round < 60; round += 1) {
      const [key, session] = [`code ${round}`, `session ${round}`]
      await tenant.commit([{ put: { kind: 'code', key, value: { session } } }])
      const begin = async () => {
        const family = { kind: 'family', key, value: 1, index: { session } }
        const along = { end: { kind: 'ended', path: ['session'] } }
        const taken = await tenant.take('code', key, { put: [{ put: family }], along })
        return 'won' in taken && taken.along?.end !== undefined
      }
      const end = async () => {
        await tenant.commit([{ put: { kind: 'ended', key: session, value: 1 } }])
        return (await tenant.list('family', { index: ['session', session], limit: 1 })).records.length > 0
      }
      const both = round % 2 === 0 ? [begin(), end()] : [end(), begin()]
      assert.ok((await Promise.all(both)).includes(true), `round ${round}: neither saw the other`)
    }
  })

  test(`${name}: take whose effects meet a conflict takes nothing and says so`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([
      { put: { kind: 'refresh', key: 'r', value: 1 } },
      { put: { kind: 'family', key: 'f', value: 1 } },
    ])
    const family = await tenant.peek('family', 'f')
    const version = family?.version ?? 0
    await tenant.commit([{ replace: { kind: 'family', key: 'f', value: 'revoked' }, version }])
    const put = [
      { put: { kind: 'token', key: 'new', value: 1 } },
      { replace: { kind: 'family', key: 'f', value: 2 }, version },
    ]
    await assert.rejects(
      tenant.take('refresh', 'r', { put }),
      error => error instanceof StoreError && error.code === 'conflict',
    )
    assert.equal((await tenant.peek('refresh', 'r'))?.usedAt, undefined)
    assert.equal(await tenant.peek('token', 'new'), undefined)
    assert.ok('won' in (await tenant.take('refresh', 'r', { put: [] })))
  })
}
