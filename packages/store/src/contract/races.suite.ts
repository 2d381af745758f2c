import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenFresh, OpenLone } from '../contract.suite.ts'
import { freshStore, sharedStore } from './clock.ts'

const PARALLEL = 50
const ROUNDS_HERE = 200
const ROUNDS_BETWEEN_PROCESSES = 40

/** Exactly one wins, in one process. */
export function racesContract(name: string, open: OpenLone): void {
  test(`S1 ${name}: of ${PARALLEL} parallel takes of a code exactly one wins, and only its successor is written (${ROUNDS_HERE} rounds)`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    for (let round = 0; round < ROUNDS_HERE; round += 1) {
      const key = `code ${round}`
      await tenant.commit([{ insert: { kind: 'code', key, value: round } }])
      const taken = await Promise.all(
        Array.from({ length: PARALLEL }, (_, n) => {
          const successor = { kind: 'successor', key: `${key} ${n}`, value: n, index: { of: key } }
          return tenant.take('code', key, { put: [{ put: successor }] })
        }),
      )
      const winners = taken.flatMap((answer, n) => ('won' in answer ? [n] : []))
      assert.equal(winners.length, 1)
      assert.equal(taken.filter(answer => 'lost' in answer).length, PARALLEL - 1)
      const { records } = await tenant.list('successor', { index: ['of', key], limit: PARALLEL })
      assert.deepEqual(
        records.map(record => record.value),
        winners,
      )
    }
  })

  test(`${name}: of ${PARALLEL} parallel claims of a value exactly one wins (${ROUNDS_HERE} rounds)`, async t => {
    const { store, clock } = await freshStore(t, open)
    const tenant = store.of('acme')
    for (let round = 0; round < ROUNDS_HERE; round += 1) {
      const claims = Array.from({ length: PARALLEL }, () => tenant.claim('proof', `h${round}`, clock.seconds + 60))
      const verdicts = await Promise.all(claims)
      assert.equal(verdicts.filter(verdict => verdict === 'won').length, 1)
    }
  })

  test(`${name}: of ${PARALLEL} parallel replaces of one version exactly one is committed`, async t => {
    const { store } = await freshStore(t, open)
    const tenant = store.of('acme')
    await tenant.commit([{ insert: { kind: 'family', key: 'f', value: -1 } }])
    for (let round = 0; round < 20; round += 1) {
      const version = (await tenant.peek('family', 'f'))?.version ?? 0
      const replaces = Array.from({ length: PARALLEL }, (_, n) =>
        tenant.commit([{ replace: { kind: 'family', key: 'f', value: n }, version }]),
      )
      const winners = (await Promise.all(replaces)).flatMap((answer, n) => ('committed' in answer ? [n] : []))
      assert.equal(winners.length, 1)
      assert.equal((await tenant.peek('family', 'f'))?.value, winners[0])
    }
  })
}

/** Exactly one wins, among several processes. */
export function processRacesContract(name: string, open: OpenFresh): void {
  test(`S1 ${name}: of 3 times ${PARALLEL} parallel takes from three processes exactly one wins (${ROUNDS_BETWEEN_PROCESSES} rounds)`, async t => {
    const { store, contend } = await sharedStore(t, open)
    const tenant = store.of('acme')
    const contenders = await Promise.all([contend(), contend()])
    for (let round = 0; round < ROUNDS_BETWEEN_PROCESSES; round += 1) {
      const key = `code ${round}`
      await tenant.commit([{ insert: { kind: 'code', key, value: round } }])
      const theirs = contenders.map((contender, n) =>
        contender.ask({ take: { tenant: 'acme', key, count: PARALLEL, mark: `process ${n}` } }),
      )
      const successor = (n: number) => ({ kind: 'successor', key: `${key} here ${n}`, value: null, index: { of: key } })
      const takes = Array.from({ length: PARALLEL }, (_, n) =>
        tenant.take('code', key, { put: [{ put: successor(n) }] }),
      )
      const wonHere = (await Promise.all(takes)).filter(answer => 'won' in answer).length
      const wonThere = (await Promise.all(theirs)).reduce((sum, won) => sum + won, 0)
      assert.equal(wonHere + wonThere, 1)
      assert.equal((await tenant.list('successor', { index: ['of', key], limit: PARALLEL })).records.length, 1)
    }
  })

  test(`${name}: of 3 times ${PARALLEL} parallel claims from three processes exactly one wins (${ROUNDS_BETWEEN_PROCESSES} rounds)`, async t => {
    const { store, contend } = await sharedStore(t, open)
    const contenders = await Promise.all([contend(), contend()])
    for (let round = 0; round < ROUNDS_BETWEEN_PROCESSES; round += 1) {
      const hash = `h${round}`
      const theirs = contenders.map(contender => contender.ask({ claim: { tenant: 'acme', hash, count: PARALLEL } }))
      const claims = Array.from({ length: PARALLEL }, () => store.of('acme').claim('proof', hash, 4_000_000_000))
      const wonHere = (await Promise.all(claims)).filter(verdict => verdict === 'won').length
      const wonThere = (await Promise.all(theirs)).reduce((sum, won) => sum + won, 0)
      assert.equal(wonHere + wonThere, 1)
    }
  })
}
