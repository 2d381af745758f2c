import { startLoaded, useSome } from '../tests/scale/loaded.ts'
import type { Place } from '../tests/scale/loaded-store.ts'
import { rowsOfUser } from '../tests/scale/population.ts'
import { simulateYear, type Year } from '../tests/scale/year.ts'
import { startPostgres } from '../tests/services/postgres.ts'
import { alone } from './sides/alone.ts'
import { type Asked, askBoth, bytesARowNow, type Expired, expire } from './sides/filled-store.ts'

/** Grants and tokens; a tenth as many users. */
const ROWS = Number(process.argv[3] ?? 10_000_000)
/** Of the store that is called empty: no more than the measurement itself needs. */
const FEW_USERS = 500
const SERVER_CORE = '0'
const P99_RATIO_MAX = 1.5
const YEAR_PEOPLE = { sqlite: 4, postgres: 2 }
/** What an operator of a database of this size sets, and time for COPY without a checkpoint each second. */
const POSTGRES_SETTINGS = ['shared_buffers = 2GB', 'max_wal_size = 8GB', 'checkpoint_timeout = 15min']

interface Filled {
  readonly users: number
  readonly grantsAndTokens: number
  readonly loadSeconds: number
  /** Bytes on disk a grant or token, with all that belongs to it: right after the load, and at the end with its log. */
  readonly bytesEach: { readonly loaded: number; readonly atTheEnd: number }
  readonly asked: readonly Asked[]
  readonly expiry: Expired
  readonly year: Year
}

/**
 * What 1,000,000 users with 10,000,000 grants and tokens cost: p50 and p99 of token, refresh and introspection beside a
 * store with 500 users, in turns, on SQLite and on Postgres; expiry at the rate of issuing; bytes on disk; and whether a
 * simulated year keeps row counts flat. `npm run scale -- 100000` is smaller.
 */
export default async function run(): Promise<object> {
  const sqlite = await measure(() => undefined, 0, await simulateYear(undefined, YEAR_PEOPLE.sqlite))
  const year = await yearInPostgres()
  const server = await startPostgres(POSTGRES_SETTINGS)
  try {
    const postgres = await measure(schema => ({ url: server.url, schema }), 60, year)
    const missed = [...missedBy('SQLite', sqlite), ...missedBy('Postgres', postgres)]
    if (missed.length > 0) process.exitCode = 1
    return { p99RatioMax: P99_RATIO_MAX, postgresSettings: POSTGRES_SETTINGS, missed, sqlite, postgres }
  } finally {
    await server.stop()
  }
}

/** @param placeOf  where a store of this name goes. @param graceSeconds  how long the adapter keeps what has expired */
async function measure(
  placeOf: (name: string) => Place['postgres'],
  graceSeconds: number,
  year: Year,
): Promise<Filled> {
  const few = await startLoaded(FEW_USERS, placeOf('few'), SERVER_CORE)
  const begun = performance.now()
  const many = await startLoaded(Math.floor(ROWS / rowsOfUser), placeOf('many'), SERVER_CORE)
  const loadSeconds = Math.round((performance.now() - begun) / 1000)
  process.stderr.write(`${many.rows} grants and tokens in ${loadSeconds} s, ${many.bytesARow} bytes each\n`)
  try {
    await useSome(many)
    const { asked, expiry } = await alone(async () => {
      const both = await askBoth(few, many)
      const issued = both.find(({ request }) => request === 'token')?.requestsPerSecond.full.median ?? 1_000
      return { asked: both, expiry: await expire(many, issued, graceSeconds) }
    })
    return {
      users: many.people.users,
      grantsAndTokens: many.rows,
      loadSeconds,
      bytesEach: { loaded: many.bytesARow, atTheEnd: await bytesARowNow(many) },
      asked,
      expiry,
      year,
    }
  } finally {
    await many.stop()
    await few.stop()
  }
}

/** Nothing is lost here that anybody counts on, so commits need not wait for the disk. */
async function yearInPostgres(): Promise<Year> {
  const server = await startPostgres(['synchronous_commit = off'])
  try {
    return await simulateYear({ url: server.url, schema: 'a_year' }, YEAR_PEOPLE.postgres)
  } finally {
    await server.stop()
  }
}

function missedBy(name: string, { asked, expiry, year }: Filled): readonly string[] {
  return [
    ...asked
      .filter(({ p99Ms }) => p99Ms.ratio.median > P99_RATIO_MAX)
      .map(({ request, p99Ms }) => `${name}: p99 of ${request} is ${p99Ms.ratio.median} of the empty store's`),
    ...(expiry.p99Ms.ratio.median > P99_RATIO_MAX
      ? [`${name}: p99 is ${expiry.p99Ms.ratio.median} times as high while rows expire`]
      : []),
    ...year.kinds.filter(({ grows }) => grows).map(({ kind }) => `${name}: rows of ${kind} grow all year`),
  ]
}
