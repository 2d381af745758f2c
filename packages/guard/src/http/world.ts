import { randomBytes } from 'node:crypto'
import type { GuardContext, GuardFetch, GuardLog } from '../guard-context.ts'
import type { Tracer } from '../tracer.ts'

/** How long an issuer may take to answer; a request behind a door waits for no more. */
const timeoutMilliseconds = 5_000

/** The real clock, random source and network. */
export function realWorld(log: GuardLog | undefined, tracer?: Tracer): GuardContext {
  return {
    nowSeconds: () => Date.now() / 1000,
    elapsedSeconds: () => performance.now() / 1000,
    random: bytes => randomBytes(bytes),
    endOfTurn: turns(),
    fetch: tracer?.call === undefined ? ask : traced(tracer.call),
    log: log ?? linesOnStandardError,
  }
}

const ask: GuardFetch = (url, init) =>
  fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMilliseconds) })

/** What the issuer is asked continues the trace of the request that it is asked for. */
function traced(call: NonNullable<Tracer['call']>): GuardFetch {
  return (url, init = {}) =>
    call({
      method: init.method ?? 'GET',
      url: new URL(url),
      send: headers => ask(url, { ...init, headers: { ...init.headers, ...headers } }),
      status: response => response.status,
    })
}

/** One promise a turn, which all who ask during it share. */
function turns(): () => Promise<void> {
  let ending: Promise<void> | undefined
  return () => {
    ending ??= new Promise(resolve => {
      setImmediate(() => {
        ending = undefined
        resolve()
      })
    })
    return ending
  }
}

/** One JSON line an event, for services that bring no logger. */
const linesOnStandardError: GuardLog = {
  info: (event, fields) => writeLine('info', event, fields),
  warn: (event, fields) => writeLine('warn', event, fields),
  error: (event, fields) => writeLine('error', event, fields),
}

function writeLine(level: string, event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stderr.write(
    `${JSON.stringify({ at: new Date().toISOString(), level, event: `guard ${event}`, ...fields })}\n`,
  )
}
