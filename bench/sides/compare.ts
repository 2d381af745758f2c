import type { PinnedServer } from './pinned-server.ts'
import { type Spread, spread } from './spread.ts'
import { type Load, load } from './wrk.ts'

/** One of the two (or more) that are compared. */
export interface Side<Said> {
  readonly name: string
  readonly start: () => Promise<PinnedServer<Said>>
  /** The load on a server that was just started; asked again for each run. */
  readonly load: (server: PinnedServer<Said>, seconds: number) => Load | Promise<Load>
}

export interface Compared {
  readonly side: string
  readonly requestsPerSecond: Spread
  readonly p50Ms: Spread
  readonly p99Ms: Spread
  /** Processor time of the server a request, in microseconds. */
  readonly processorMicros: Spread
  /** Requests a second against the last side's, round by round. */
  readonly ratio: Spread
}

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
/** Until its code is compiled, which is an eighth of the processor time of a redemption after two seconds. */
const WARM_SECONDS = Number(process.env.BENCH_WARM_SECONDS ?? 8)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)
/** Each round measures every side so often, the other way round the second time. */
const TURNS = 2

/**
 * Each round starts a fresh server of every side, warms them, and measures them in turns, so that what is compared was
 * measured within seconds: a machine's speed drifts by more than the sides differ. Medians over the rounds. The last side is
 * the measure.
 */
export async function compare<Said>(sides: readonly Side<Said>[]): Promise<readonly Compared[]> {
  const runs = sides.map(side => ({ side, measured: [] as Measured[] }))
  for (let round = 0; round < ROUNDS; round += 1) {
    const measured = await measureRound(round % 2 === 0 ? sides : sides.toReversed())
    for (const run of runs) run.measured.push(...(measured.get(run.side.name) ?? []))
  }
  const reference = runs.at(-1)?.measured ?? []
  return runs.map(({ side, measured }) => ({
    side: side.name,
    requestsPerSecond: spread(measured.map(each => each.requestsPerSecond)),
    p50Ms: spread(measured.map(each => each.p50Ms)),
    p99Ms: spread(measured.map(each => each.p99Ms)),
    processorMicros: spread(measured.map(each => each.processorMicros)),
    ratio: spread(
      measured.map((each, n) => hundredths(each.requestsPerSecond / (reference[n]?.requestsPerSecond ?? Number.NaN))),
    ),
  }))
}

interface Measured {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly processorMicros: number
}

async function measureRound<Said>(sides: readonly Side<Said>[]): Promise<ReadonlyMap<string, readonly Measured[]>> {
  const running: { readonly side: Side<Said>; readonly server: PinnedServer<Said>; readonly measured: Measured[] }[] =
    []
  try {
    for (const side of sides) running.push({ side, server: await side.start(), measured: [] })
    for (const { side, server } of running) await load(await side.load(server, WARM_SECONDS))
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const { side, server, measured } of turn % 2 === 0 ? running : running.toReversed())
        measured.push(await measure(side, server))
    }
    return new Map(running.map(({ side, measured }) => [side.name, measured]))
  } finally {
    for (const { server } of running) await server.stop()
  }
}

async function measure<Said>(side: Side<Said>, server: PinnedServer<Said>): Promise<Measured> {
  const asked = await side.load(server, SECONDS)
  const before = server.processorSeconds()
  const loaded = await load(asked)
  const used = server.processorSeconds() - before
  const processorMicros = Math.round((used / (loaded.requestsPerSecond * SECONDS)) * 1e6)
  process.stderr.write(`${side.name}: ${loaded.requestsPerSecond}/s, p99 ${loaded.p99Ms} ms, ${processorMicros} µs\n`)
  return { ...loaded, processorMicros }
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
