import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { tokenForm } from './sides/credentials-in-use.ts'
import { LOAD_CORE, type PinnedServer, startPinned } from './sides/pinned-server.ts'
import type { SideSaid } from './sides/token-path.ts'
import { load } from './sides/wrk.ts'

/** Long enough that a sudden doubling, which takes some tenths of a second to be told from a burst, is not all of it. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 20)
const CONNECTIONS = 1_000
const WARM_SECONDS = 2

/** What the load sends, and how much of it. */
export interface OpenLoad {
  readonly port: number
  readonly request: string
  /** A second. */
  readonly rate: number
  readonly seconds: number
  readonly connections: number
}

/** What came of it. Durations are of what was accepted, from when it was due. */
export interface OpenLoaded {
  readonly offeredPerSecond: number
  readonly acceptedPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly shedShare: number
  readonly shedWithoutRetryAfter: number
  /** Connections that broke, and answers that came too late. */
  readonly unanswered: number
  /** From the beginning of this load to the last request that was turned away. */
  readonly lastShedAfterMs: number
}

/**
 * What the authority does when twice as many client_credentials requests come as it can answer: what it accepts keeps its
 * duration, the rest gets 503 with Retry-After, and when the load ends nobody is turned away any more. Its JWTs are signed
 * by PS256, which takes a quarter of a millisecond: of ES256 it answers more than one core can send.
 */
export default async function run(): Promise<object> {
  const server = await startPinned<SideSaid>('sallyport-authority.ts', ['PS256'])
  try {
    const form = tokenForm(server, {
      grant_type: 'client_credentials',
      scope: 'read:orders',
      resource: server.said.jwt,
    })
    const url = `${server.said.issuer}${server.said.token}`
    const closed = (seconds: number) => load({ url, connections: 32, seconds, script: ['form.lua', form] })
    await closed(WARM_SECONDS)
    const capacity = (await closed(SECONDS)).requestsPerSecond
    const offer = (times: number) => offered(server, form, Math.round(capacity * times))
    const half = await offer(0.5)
    const full = await offer(1)
    const twice = await offer(2)
    const after = await offer(0.5)
    return {
      capacityPerSecond: capacity,
      connections: CONNECTIONS,
      loads: { half, full, twice, afterTwice: after },
      p99OfTwiceAgainstHalf: ratio(twice.p99Ms, half.p99Ms),
      p99OfTwiceAgainstFull: ratio(twice.p99Ms, full.p99Ms),
      recoveredAfterMs: after.lastShedAfterMs,
    }
  } finally {
    await server.stop()
  }
}

async function offered(server: PinnedServer<SideSaid>, form: string, rate: number): Promise<OpenLoaded> {
  const port = Number(new URL(server.said.issuer).port)
  const head = [
    `POST ${server.said.token} HTTP/1.1`,
    `Host: localhost:${port}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${form.length}`,
  ]
  const request = `${head.join('\r\n')}\r\n\r\n${form}`
  const asked: OpenLoad = { port, request, rate, seconds: SECONDS, connections: CONNECTIONS }
  const words = [join(import.meta.dirname, 'sides/open-loop.ts'), JSON.stringify(asked)]
  const child = spawn('taskset', ['-c', LOAD_CORE, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the load ended with ${code}`)
  const loaded: OpenLoaded = JSON.parse(text)
  process.stderr.write(`${rate}/s: ${JSON.stringify(loaded)}\n`)
  return loaded
}

const ratio = (a: number, b: number): number => Math.round((a / b) * 100) / 100
