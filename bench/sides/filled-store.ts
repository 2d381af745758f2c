import { setTimeout as pause } from 'node:timers/promises'
import { type Loaded, sweptBy } from '../../tests/scale/loaded.ts'
import { bytesOf, countExpired } from '../../tests/scale/loaded-store.ts'
import { linesFile } from './credentials-in-use.ts'
import { type Spread, spread } from './spread.ts'
import { type Loaded as Answered, type Load, load } from './wrk.ts'

/** Below what a core can do on an idle machine: p99 shows the store, not the queue before it. */
const CONNECTIONS = 8
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)
const EXPIRY_SECONDS = 15
const EXPIRY_ROUNDS = 2
/** More than are asked about in a round. */
const INTROSPECTIONS = 120_000
const REFRESH_TOKENS = 4_000
/** Prime: multiples of it meet every user before one twice, and far from each other. */
const STRIDE = 7_368_787

/** One kind of request, on the store that is nearly empty and on the full one, in turns. */
export interface Asked {
  readonly request: string
  readonly p50Ms: { readonly empty: Spread; readonly full: Spread }
  readonly p99Ms: { readonly empty: Spread; readonly full: Spread; readonly ratio: Spread }
  readonly requestsPerSecond: { readonly empty: Spread; readonly full: Spread }
}

/** Tokens, refreshes and introspections, each of a user that was not asked about before. */
export async function askBoth(empty: Loaded, full: Loaded): Promise<readonly Asked[]> {
  const requests = { token, refresh, introspection }
  const asked: Asked[] = []
  for (const [request, loadOf] of Object.entries(requests)) {
    const answered: Record<'empty' | 'full', Answered[]> = { empty: [], full: [] }
    // The first round only warms.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const turns = [['empty', empty] as const, ['full', full] as const]
      for (const [name, loaded] of round % 2 === 0 ? turns : turns.toReversed()) {
        const said = await load(loadOf(loaded, round))
        process.stderr.write(
          `${request}, ${name}: ${said.requestsPerSecond}/s, p50 ${said.p50Ms}, p99 ${said.p99Ms} ms\n`,
        )
        if (round > 0) answered[name].push(said)
      }
    }
    asked.push({ request, ...compared(answered) })
  }
  return asked
}

function compared({ empty, full }: Readonly<Record<'empty' | 'full', readonly Answered[]>>): Omit<Asked, 'request'> {
  const both = (of: (said: Answered) => number) => ({ empty: spread(empty.map(of)), full: spread(full.map(of)) })
  const ratio = spread(full.map(({ p99Ms }, n) => hundredths(p99Ms / (empty[n]?.p99Ms ?? Number.NaN))))
  return {
    p50Ms: both(said => said.p50Ms),
    p99Ms: { ...both(said => said.p99Ms), ratio },
    requestsPerSecond: both(said => said.requestsPerSecond),
  }
}

function token({ people }: Loaded): Load {
  const form = people.form({ grant_type: 'client_credentials', scope: 'read:orders' })
  return { ...target(people.issuer, '/token'), script: ['form.lua', form] }
}

function refresh({ people }: Loaded, round: number): Load {
  const each = Math.min(REFRESH_TOKENS, Math.floor(people.users / (ROUNDS + 1)))
  const tokens = Array.from({ length: each }, (_, n) => people.refreshToken(nth(round * each + n, people.users)))
  const form = people.form({ grant_type: 'refresh_token' })
  return { ...target(people.issuer, '/token'), script: ['refresh.lua', linesFile(tokens), form] }
}

function introspection({ people }: Loaded, round: number): Load {
  const forms = Array.from({ length: INTROSPECTIONS }, (_, n) =>
    people.form({ token: people.accessToken(nth(round * INTROSPECTIONS + n, people.users)) }),
  )
  return { ...target(people.issuer, '/introspect'), script: ['forms.lua', linesFile(forms)] }
}

const nth = (n: number, users: number): number => (n * STRIDE) % users

const target = (issuer: string, path: string) => ({
  url: issuer.replace('localhost', '127.0.0.1') + path,
  connections: CONNECTIONS,
  seconds: SECONDS,
})

export interface Expired {
  readonly rowsASecond: number
  readonly p99Ms: { readonly quiet: Spread; readonly expiring: Spread; readonly ratio: Spread }
  /** Rows that had expired and were still there when the load ended, and how long they stayed. */
  readonly leftAtTheEnd: Spread
  readonly goneAfterSeconds: Spread
}

/**
 * Tokens issued while as many others expire each second, beside the same without. `graceSeconds`: how long the adapter keeps
 * what has expired.
 */
export async function expire(full: Loaded, rowsASecond: number, graceSeconds: number): Promise<Expired> {
  const [quiet, expiring, left, gone]: number[][] = [[], [], [], []]
  const asked = { ...token(full), seconds: EXPIRY_SECONDS }
  for (let round = 0; round < EXPIRY_ROUNDS; round += 1) {
    quiet?.push((await load(asked)).p99Ms)
    const count = rowsASecond * EXPIRY_SECONDS
    // Time to write them before the first is due.
    const begins = Math.floor(Date.now() / 1000) + Math.ceil(count / 5_000) + 3
    await full.write({ count, from: begins - graceSeconds, to: begins + EXPIRY_SECONDS - graceSeconds })
    await pause(Math.max(0, begins * 1000 - Date.now()))
    expiring?.push((await load(asked)).p99Ms)
    const due = Math.floor(Date.now() / 1000) - graceSeconds
    const ended = performance.now()
    left?.push(await countExpired(full.place, due))
    if ((await sweptBy(full.place, due, 60)) > 0) throw new Error('what had expired is still there after a minute')
    gone?.push(Math.round((performance.now() - ended) / 100) / 10)
    process.stderr.write(`expiring: p99 ${expiring?.at(-1)} ms, ${left?.at(-1)} left, gone after ${gone?.at(-1)} s\n`)
  }
  const ratio = spread((expiring ?? []).map((p99, n) => hundredths(p99 / (quiet?.[n] ?? Number.NaN))))
  return {
    rowsASecond,
    p99Ms: { quiet: spread(quiet ?? []), expiring: spread(expiring ?? []), ratio },
    leftAtTheEnd: spread(left ?? []),
    goneAfterSeconds: spread(gone ?? []),
  }
}

/** What lies on the disk, write-ahead log and all, in bytes a grant or token. */
export async function bytesARowNow({ place, rows }: Loaded): Promise<number> {
  return Math.round((await bytesOf(place)) / rows)
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
