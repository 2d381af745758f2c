import { tokenRequest } from '../tests/code-flow.ts'
import { show } from '../tests/revocation/ask.ts'
import { type Door, openDoors } from '../tests/revocation/doors.ts'
import { type Cut, cutFeed } from '../tests/revocation/feed-cut.ts'
import {
  type Format,
  formats,
  type Refused,
  Revocations,
  type RevokedKind,
  revokedKinds,
} from '../tests/revocation/revocations.ts'
import { type RunningSystem, startSystem } from '../tests/system.ts'
import { type Spread, spread } from './sides/spread.ts'

const GUARDS = 4
const GATEWAYS = 2
/** Of each kind and format: 240 in all. */
const REVOCATIONS = 40
const CUTS = 3
/** At each door, and at the token endpoint, besides the revoked tokens that are shown as fast as answers come. */
const REQUESTS_A_SECOND = 50
const P99_MAX_MS = 1_000

interface Told {
  readonly kind: RevokedKind
  readonly format: Format
  readonly revocations: number
  readonly guards: Percentiles
  readonly gateways: Percentiles
}

interface Percentiles {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mostMs: number
}

/**
 * How long after a revocation's answer do four guards and two gateways under load refuse the token, and what do they do when
 * the feed is cut? Tokens, families and clients, opaque tokens and JWTs; then the authority is stopped (SIGSTOP) three times
 * until all doors have closed.
 */
export default async function run(): Promise<object> {
  const system = await startSystem()
  const doors = await openDoors(system, GUARDS, GATEWAYS)
  const revocations = new Revocations(system)
  const load = new Load(system, doors.all, await revocations.live('JWT'))
  try {
    const told: Told[] = []
    for (const kind of revokedKinds)
      for (const format of formats) told.push(await measure(kind, format, revocations, doors.all))
    const requestsASecond = await load.end()
    const cuts: Cut[] = []
    for (let cut = 0; cut < CUTS; cut += 1)
      cuts.push(...(await cutFeed(system, doors.all, await revocations.live('JWT'))))
    if (told.some(({ guards, gateways }) => Math.max(guards.p99Ms, gateways.p99Ms) >= P99_MAX_MS)) process.exitCode = 1
    return { guards: GUARDS, gateways: GATEWAYS, requestsASecond, p99MaxMs: P99_MAX_MS, told, cut: summed(cuts) }
  } finally {
    await load.end()
    await doors.stop()
    await system.stop()
  }
}

async function measure(
  kind: RevokedKind,
  format: Format,
  revocations: Revocations,
  doors: readonly Door[],
): Promise<Told> {
  const refused: Refused[] = []
  for (let n = 0; n < REVOCATIONS; n += 1) refused.push(...(await revocations.refusals(kind, format, doors)))
  const of = (name: string) => percentiles(refused.filter(({ door }) => door.startsWith(name)))
  const told = { kind, format, revocations: REVOCATIONS, guards: of('guard'), gateways: of('gateway') }
  process.stderr.write(`${JSON.stringify(told)}\n`)
  return told
}

function percentiles(refused: readonly Refused[]): Percentiles {
  const sorted = refused.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) }
}

/** Seconds since the authority fell silent, and since it spoke again, over all doors and cuts. */
function summed(cuts: readonly Cut[]): Readonly<Record<string, Spread | object>> {
  const answers: Record<string, number> = {}
  for (const cut of cuts)
    for (const [answer, times] of Object.entries(cut.answers)) answers[answer] = (answers[answer] ?? 0) + times
  return {
    alarmSeconds: spread(cuts.map(({ alarmSeconds }) => alarmSeconds)),
    closedSeconds: spread(cuts.map(({ closedSeconds }) => closedSeconds)),
    backSeconds: spread(cuts.map(({ backSeconds }) => backSeconds)),
    answersWhileSilent: answers,
  }
}

/** Requests at a steady pace, at every door and at the token endpoint, until told to end. */
class Load {
  readonly #begun = performance.now()
  readonly #lanes: readonly NodeJS.Timeout[]
  readonly #inFlight = new Set<Promise<unknown>>()
  #answers = 0
  #failed: Error | undefined

  constructor(system: RunningSystem, doors: readonly Door[], token: string) {
    const asked = { grant_type: 'client_credentials', scope: 'read:orders', resource: system.resources.outside }
    const each = [
      ...doors.map(
        ({ address }) =>
          () =>
            show(address, token),
      ),
      () => tokenRequest(system, 'nightly', asked),
    ]
    this.#lanes = each.map(ask => setInterval(() => this.#ask(ask), 1000 / REQUESTS_A_SECOND))
  }

  /** @returns answers a second so far @throws what a request failed with */
  async end(): Promise<number> {
    for (const lane of this.#lanes) clearInterval(lane)
    await Promise.all(this.#inFlight)
    if (this.#failed !== undefined) throw this.#failed
    return Math.round((this.#answers / (performance.now() - this.#begun)) * 1000)
  }

  #ask(ask: () => Promise<{ readonly status: number; readonly text: string }>): void {
    const asking = ask().then(
      ({ status, text }) => {
        if (status === 200) this.#answers += 1
        else this.#failed ??= new Error(`under load: ${status} ${text}`)
      },
      (error: unknown) => {
        this.#failed ??= error instanceof Error ? error : new Error(String(error))
      },
    )
    this.#inFlight.add(asking)
    asking.finally(() => this.#inFlight.delete(asking))
  }
}
