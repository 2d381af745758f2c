import { fileURLToPath } from 'node:url'
import type { Log } from '@sallyport/server'
import { type Addresses, demoResources } from '../demo/addresses.ts'
import type { Home } from '../home/home.ts'
import { type Supervisor, supervise } from './child-process.ts'

const script = fileURLToPath(new URL('../../../../examples/orders-api/src/main.ts', import.meta.url))

/**
 * The orders API as a process of its own: it knows the issuer and its database, and nothing of ours.
 *
 * @param owners  subjects by username, for the orders that are there at first
 */
export function ordersApi(
  addresses: Addresses,
  port: number,
  owners: Readonly<Record<string, string>>,
  home: Home,
  log: Log,
): Supervisor {
  const args = ['--issuer', addresses.issuer, '--resource', demoResources(addresses).inside, '--port', String(port)]
  const files = ['--database', home.ordersDatabase, '--decision-log', home.decisions, '--end-with-stdin']
  const seeds = Object.entries(owners).flatMap(([name, subject]) => ['--demo-owner', `${name}=${subject}`])
  const ready = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1000) })).ok
    } catch {
      return false
    }
  }
  return supervise({ name: 'orders-api', script, args: [...args, ...files, ...seeds], environment: { NODE_ENV: 'production' }, ready }, log)
}
