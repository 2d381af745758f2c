import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLine } from '../audit/record.ts'
import { verifyAuditTrail } from '../audit/verify.ts'
import type { OpenFresh, OpenLone } from '../contract.suite.ts'
import type { Store } from '../contract.ts'
import { record } from './audit-record.ts'
import { freshStore, sharedStore } from './clock.ts'

const PARALLEL = 50
const ROUNDS = 40

/** What is done and its record are one. */
export function auditContract(name: string, open: OpenLone): void {
  test(`${name}: a commit's record is in the trail with its writes, and that of a conflict is not`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const insert = [{ put: { kind: 'trace', key: 'k', value: 1 } }, { insert: { kind: 'client', key: 'k', value: 1 } }]
    assert.deepEqual(await tenant.commit(insert, { audit: record('first') }), { committed: true })
    assert.deepEqual(await trailOf(store), ['first'])
    assert.ok('conflict' in (await tenant.commit(insert, { audit: record('second') })))
    assert.deepEqual(await tenant.commit([], { audit: record('third') }), { committed: true })
    assert.deepEqual((await trailOf(store)).toSorted(), ['first', 'third'])
  })

  test(`${name}: a take's record is in the trail when it is won; not when it is lost, unknown or a conflict`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ insert: { kind: 'code', key: 'k', value: 1 } }])
    const take = (key: string, target: string, kind = 'token') =>
      tenant.take('code', key, { put: [{ insert: { kind, key, value: 1 } }], audit: record(target) })
    assert.ok('unknown' in (await take('none', 'of nothing')))
    await assert.rejects(take('k', 'of a conflict', 'code'), { code: 'conflict' })
    assert.deepEqual(await trailOf(store), [])
    assert.ok('won' in (await take('k', 'of the winner')))
    assert.ok('lost' in (await take('k', 'of the loser')))
    assert.deepEqual(await trailOf(store), ['of the winner'])
  })

  test(`${name}: of ${PARALLEL} parallel takes with records one is won and one is recorded (${ROUNDS} rounds)`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const winners: string[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      await tenant.commit([{ insert: { kind: 'code', key: `${round}`, value: round } }])
      const name = (n: number) => `${round} ${n}`
      const taken = await Promise.all(
        Array.from({ length: PARALLEL }, (_, n) =>
          tenant.take('code', `${round}`, { put: [], audit: record(name(n)) }),
        ),
      )
      winners.push(...taken.flatMap((answer, n) => ('won' in answer ? [name(n)] : [])))
    }
    assert.equal(winners.length, ROUNDS)
    assert.deepEqual((await trailOf(store)).toSorted(), winners.toSorted())
  })

  test(`${name}: records of every kind that come at one moment make whole chains`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const targets = Array.from({ length: 300 }, (_, n) => `t${n}`)
    await Promise.all(
      targets.map((target, n) =>
        n % 3 === 0
          ? store.audit.append(record(target))
          : tenant.commit([{ put: { kind: 'k', key: target, value: n } }], { audit: record(target) }),
      ),
    )
    assert.deepEqual((await trailOf(store)).toSorted(), targets.toSorted())
    for (let n = 0; n < 20; n += 1) await store.audit.append(record(`after ${n}`))
    const verdict = await verifyAuditTrail(store.audit.lines())
    assert.deepEqual([verdict.intact, verdict.records], [true, 320])
  })

  test(`${name}: a record is kept as it was when it was handed over, whatever characters it has`, async t => {
    const { store } = await freshStore(t, open)
    const text = 'é\0\u{1F511}\n\u2028\ud800"\\'
    const changing = { ...record('k'), reason: 'first', detail: { text, at: [1, { b: null }] } }
    const committed = store.of('acme').commit([{ put: { kind: 'k', key: 'k', value: 1 } }], { audit: changing })
    const { reason, detail } = changing
    changing.reason = 'second'
    await committed
    const [line] = await records(store)
    assert.deepEqual([line?.reason, line?.detail], [reason, detail])
    assert.deepEqual([line?.seq, line?.previous], [1, ''])
  })

  test(`${name}: a record that is too long is refused with its writes, and no other of its moment`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    const put = (key: string) => [{ put: { kind: 'k', key, value: 1 } }]
    const answers = await Promise.allSettled([
      tenant.commit(put('a'), { audit: record('a') }),
      tenant.commit(put('b'), { audit: { ...record('b'), reason: 'x'.repeat(70_000) } }),
      store.audit.append({ ...record('c'), reason: 'x'.repeat(70_000) }),
      tenant.commit(put('d'), { audit: record('d') }),
    ])
    const refused = answers.map(answer => answer.status === 'rejected' && answer.reason.code)
    assert.deepEqual(refused, [false, 'invalid_write', 'invalid_write', false])
    assert.equal(await tenant.peek('k', 'b'), undefined)
    assert.deepEqual((await trailOf(store)).toSorted(), ['a', 'd'])
  })
}

/** The same between processes. */
export function processAuditContract(name: string, open: OpenFresh): void {
  test(`${name}: of takes in two processes exactly one is recorded, and every chain is whole`, async t => {
    const fresh = await sharedStore(t, open)
    const others = await Promise.all([fresh.contend(), fresh.contend()])
    const tenant = fresh.store.of('acme')
    for (let round = 0; round < 10; round += 1) {
      await tenant.commit([{ insert: { kind: 'code', key: `${round}`, value: round } }])
      const task = { take: { tenant: 'acme', key: `${round}`, count: 8, mark: 'x' } }
      const won = await Promise.all(others.map(other => other.ask(task)))
      assert.deepEqual(won.toSorted(), [0, 1])
    }
    const expected = Array.from({ length: 10 }, (_, round) => `${round}`)
    assert.deepEqual((await trailOf(fresh.store)).toSorted(), expected)
  })
}

async function records(store: Store) {
  const found = []
  for await (const line of store.audit.lines()) found.push(parseLine(line)?.record)
  return found
}

/** The targets of all records, in the trail's order; the trail must be intact. */
async function trailOf(store: Store): Promise<string[]> {
  const { problems } = await verifyAuditTrail(store.audit.lines())
  assert.deepEqual(problems, [])
  return (await records(store)).map(found => String(found?.target))
}
