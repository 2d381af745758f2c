import { fileURLToPath } from 'node:url'
import type { Log } from '@sallyport/server'
import { type Addresses, demoResources } from '../demo/addresses.ts'
import type { Home } from '../home/home.ts'
import { childEnvironment } from './child-environment.ts'
import { type Supervisor, supervise } from './child-process.ts'

export const ordersApiScript = fileURLToPath(new URL('../../../../examples/orders-api/src/main.ts', import.meta.url))
const askMs = 1_000

/**
 * The orders API as a process of its own: it knows the issuer and its database, and nothing of ours.
 *
 * @param owners  subjects by username, for the orders that are there at first
 */
export function ordersApi(options: {
  readonly addresses: Addresses
  readonly port: number
  readonly owners: Readonly<Record<string, string>>
  readonly home: Home
  readonly log: Log
  /** Where its traces go. */
  readonly traces: string | undefined
}): Supervisor {
  const { addresses, port, owners, home, log, traces } = options
  const args = ['--issuer', addresses.issuer, '--resource', demoResources(addresses).inside, '--port', String(port)]
  const files = ['--database', home.ordersDatabase, '--decision-log', home.decisions, '--end-with-stdin']
  const seeds = Object.entries(owners).flatMap(([name, subject]) => ['--demo-owner', `${name}=${subject}`])
  return supervise(
    {
      name: 'orders-api',
      script: ordersApiScript,
      args: [...args, ...files, ...seeds, ...(traces === undefined ? [] : ['--traces', traces])],
      environment: childEnvironment(),
      ready: () => isReady(`http://localhost:${port}/readyz`),
      said: line => writeSaid(line, log),
    },
    log,
  )
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(askMs) })).ok
  } catch {
    return false
  }
}

/** What the service writes to its log becomes a line of ours. */
function writeSaid(line: string, log: Log): void {
  const { event, level, at: _at, time: _time, ...fields } = readLine(line)
  const write = level === 'error' ? log.error : level === 'warn' ? log.warn : log.info
  write(typeof event === 'string' ? event : 'said', { child: 'orders-api', ...fields })
}

function readLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return { event: 'said', level: 'warn', text: line.slice(0, 2000) }
}
