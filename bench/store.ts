import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSealer, openMasterKey, openSqliteStore, type Store } from '@sallyport/store'

const SECONDS_A_ROUND = 1
const ROUNDS = 3
const LANES = 32

/** A row about as large as a token's. */
const VALUE = {
  secretHash: 'x'.repeat(43),
  client: 'client_1',
  subject: 'user_1',
  scope: 'read:orders',
  family: 'f'.repeat(26),
}

/**
 * How many durable operations a second the embedded store takes: one caller that waits for each, and 32 at once that
 * share commits. Rounds alternate; each figure is the median of its rounds.
 */
export default async function run(): Promise<object> {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  const sealer = createSealer(openMasterKey({ home, environment: {} }), 'bench')
  const audit = { path: join(home, 'audit.ndjson'), writer: 'bench' }
  const database = { path: join(home, 'bench.db'), nowSeconds, sealer, sealedKinds: ['sealed'] }
  const store = await openSqliteStore({ ...database, audit })
  const record = {
    at: 0,
    tenant: 'acme',
    actor: 'user_1',
    action: 'token.issue',
    target: 'x'.repeat(26),
    outcome: 'done',
  }
  const questions: Record<string, () => Promise<number>> = {
    'insert, one by one': () => rate(1, n => insert(store, 'token', n)),
    [`insert, ${LANES} at once`]: () => rate(LANES, n => insert(store, 'token', n)),
    [`insert sealed, ${LANES} at once`]: () => rate(LANES, n => insert(store, 'sealed', n)),
    [`insert, then take with a successor, ${LANES} at once`]: () => rate(LANES, n => takeOver(store, n)),
    [`claim, ${LANES} at once`]: () => rate(LANES, n => store.of('acme').claim('proof', id(n), nowSeconds() + 60)),
    'audit record, one by one': () => rate(1, () => store.audit.append(record)),
    [`audit record, ${LANES} at once`]: () => rate(LANES, () => store.audit.append(record)),
    peek: () => rate(1, n => Promise.resolve(store.of('acme').peek('token', id((n % 1000) + 1)))),
  }
  const rates: Record<string, number[]> = {}
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [question, measure] of Object.entries(questions)) {
        rates[question] = [...(rates[question] ?? []), await measure()]
      }
    }
  } finally {
    await store.close()
    rmSync(home, { recursive: true })
  }
  const results = Object.entries(rates).map(([question, measured]) => ({ question, ...spread(measured) }))
  console.table(results)
  return {
    bench: 'store',
    node: process.version,
    processor: cpus()[0]?.model,
    lanes: LANES,
    unit: 'per second',
    results,
  }
}

let made = 0

/** Runs `lanes` loops of an operation for a round; operations per second. */
async function rate(lanes: number, operate: (n: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  const end = start + SECONDS_A_ROUND * 1000
  let done = 0
  const lane = async () => {
    for (; performance.now() < end; done += 1) await operate(++made)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return Math.round((done / (performance.now() - start)) * 1000)
}

/** A key that sorts by time, as selectors do. */
function id(n: number): string {
  return n.toString(36).padStart(12, '0')
}

function insert(store: Store, kind: string, n: number) {
  const expiresAt = Math.floor(Date.now() / 1000) + 300
  return store.of('acme').commit([{ insert: { kind, key: id(n), value: VALUE, expiresAt } }])
}

async function takeOver(store: Store, n: number): Promise<void> {
  const tenant = store.of('acme')
  const expiresAt = Math.floor(Date.now() / 1000) + 300
  await tenant.commit([{ insert: { kind: 'refresh', key: id(n), value: VALUE, expiresAt } }])
  const next = { kind: 'refresh', key: `${id(n)}x`, value: VALUE, expiresAt }
  const taken = await tenant.take('refresh', id(n), { put: [{ insert: next }] })
  if (!('won' in taken)) throw new Error('a take without a rival was lost')
}

function spread(measured: readonly number[]) {
  const sorted = measured.toSorted((a, b) => a - b)
  return { median: sorted[Math.floor(sorted.length / 2)], lowest: sorted[0], highest: sorted.at(-1) }
}
