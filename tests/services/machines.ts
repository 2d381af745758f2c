import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newKey } from '@sallyport/store'
import type { Ports } from '../../packages/sallyport/src/demo/addresses.ts'
import { freePorts } from '../free-ports.ts'
import { end, launchSystem, type Ready, type RunningSystem, startSystem } from '../system.ts'

/** One process of an installation that several share, with a data folder of its own, as on a machine of its own. */
export interface Machine {
  readonly home: string
  /** With its configuration's place. */
  readonly environment: Readonly<Record<string, string>>
  readonly ports: Ports
  readonly ready: Ready
  readonly pid: number
  /** Where this process' authority answers, whatever the issuer is. */
  readonly authority: string
  /** SIGKILL. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** What a machine's configuration says otherwise. */
export interface Differences {
  readonly issuer?: string
  readonly refusedPerMinute?: number
  readonly dpopNonces?: boolean
}

export interface Installation {
  /** The first one: authority, gateway, back end and orders API; its addresses are the public ones. */
  readonly first: RunningSystem
  readonly ports: Ports
  /** The secrets that each machine is given. */
  readonly environment: Readonly<Record<string, string>>
  /** Another machine that runs `parts` of it. */
  join(name: string, parts: readonly string[], differences?: Differences): Promise<Machine>
  stop(): Promise<void>
}

const portNames = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const

/**
 * An installation on Postgres, and on Redis where one is given, of one process at first.
 *
 * @param more  further lines of every machine's configuration
 */
export async function install(services: {
  postgres: string
  replica?: string
  redis?: string
  more?: string
}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-machines-'))
  const ports = await freePorts(portNames)
  const environment = {
    SALLYPORT_POSTGRES_URL: services.postgres,
    SALLYPORT_MASTER_KEY: newKey(),
    ...(services.replica === undefined ? {} : { SALLYPORT_POSTGRES_REPLICA_URL: services.replica }),
    ...(services.redis === undefined ? {} : { SALLYPORT_REDIS_URL: services.redis }),
  }
  const configure = (name: string, differences: Differences = {}): string => {
    const path = join(folder, `${name}.yaml`)
    writeFileSync(path, configuration(name, ports, differences) + (services.more ?? ''))
    return path
  }
  const first = await startSystem({
    home: join(folder, 'first'),
    ports,
    environment: { ...environment, SALLYPORT_CONFIG: configure('first') },
  })
  const machines: Machine[] = []
  return {
    first,
    ports,
    environment,
    join: async (name, parts, differences) => {
      const home = mkdtempSync(join(folder, `${name}-`))
      copyFileSync(join(first.home, 'demo.json'), join(home, 'demo.json'))
      const machine = await launch(home, parts, {
        ...environment,
        SALLYPORT_CONFIG: configure(name, differences),
      })
      machines.push(machine)
      return machine
    },
    stop: async () => {
      await Promise.all([first, ...machines].map(machine => machine.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(home: string, parts: readonly string[], environment: Record<string, string>): Promise<Machine> {
  const ports = await freePorts(portNames)
  const launched = launchSystem({ home, ports, environment, args: ['--only', parts.join(',')] })
  const { child, ready, ended } = launched
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    home,
    environment,
    ports,
    ready: await ready.catch(async error => {
      await kill()
      throw error
    }),
    pid: launched.child.pid ?? 0,
    authority: `http://localhost:${ports.authority}`,
    kill,
    async stop() {
      await end(launched)
    },
  }
}

/** Public addresses alike everywhere, a name of its own, and quotas that tests do not reach. */
const configuration = (name: string, ports: Ports, { issuer, refusedPerMinute, dpopNonces }: Differences): string => `
process: { name: ${name} }
store: { authority: postgres, bff: postgres }
authority:
  issuer: ${issuer ?? `http://localhost:${ports.authority}`}
  trustedProxies: ["127.0.0.1"]
  interactionsPerMinute: 1000000
  refusedTokenRequestsPerMinute: ${refusedPerMinute ?? 1_000_000}
gateway:
  dpopNonces: ${dpopNonces ?? false}
  origin: http://localhost:${ports.gateway}
  tlsOrigin: https://localhost:${ports.gatewayTls}
  requestsPerMinute: 1000000
  refusedPerMinute: 1000000
app: { origin: http://localhost:${ports.app} }
ordersApi: { origin: http://localhost:${ports.ordersApi} }
`
