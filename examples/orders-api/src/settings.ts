import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { DemoOwners } from './seed.ts'

export interface Settings {
  readonly issuer: string
  readonly resource: string
  readonly database: string
  readonly port: number
  readonly hosts: ReadonlySet<string>
  readonly policyDirectory: string
  readonly opa: string | undefined
  readonly decisionLog: string | undefined
  readonly revocation: 'feed' | 'none'
  readonly demoOwners: DemoOwners
  readonly endWithStdin: boolean
  readonly traces: string | undefined
}

export const USAGE = `Usage: orders-api --issuer <url> --resource <url> --database <path> [options]
  --port <n>              where to listen on loopback; default: the port of the resource
  --host <host:port>      a further name this service is called by; repeatable
  --policy <directory>    the policy; default: policies/orders
  --opa <address>         ask this OPA instead of the embedded policy: unix:/path, or http://127.0.0.1:8181
  --decision-log <path>   append each decision as a JSON line; default: standard error
  --no-feed               the issuer has no revocation feed
  --demo-owner <name=id>  place the demo's orders for this subject; repeatable
  --traces <address>      send traces to this collector, by OTLP/HTTP
  --end-with-stdin        end when standard input closes, as it does when the parent process ends`

/** @throws Error with the argument that is wrong, for the command line */
export function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      issuer: { type: 'string' },
      resource: { type: 'string' },
      database: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string', multiple: true },
      policy: { type: 'string' },
      opa: { type: 'string' },
      'decision-log': { type: 'string' },
      'no-feed': { type: 'boolean' },
      'demo-owner': { type: 'string', multiple: true },
      traces: { type: 'string' },
      'end-with-stdin': { type: 'boolean' },
    },
  })
  const resource = required('resource', values.resource)
  if (!URL.canParse(resource)) throw new Error(`--resource is an absolute address, got ${resource}`)
  const { host, port: resourcePort } = new URL(resource)
  const port = portOf(values.port ?? (resourcePort || '4300'))
  return {
    issuer: required('issuer', values.issuer),
    resource,
    database: required('database', values.database),
    port,
    hosts: new Set([host, `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, ...(values.host ?? [])]),
    policyDirectory: values.policy ?? fileURLToPath(new URL('../../../policies/orders', import.meta.url)),
    opa: values.opa,
    decisionLog: values['decision-log'],
    revocation: values['no-feed'] === true ? 'none' : 'feed',
    demoOwners: new Map((values['demo-owner'] ?? []).map(demoOwner)),
    endWithStdin: values['end-with-stdin'] === true,
    traces: values.traces,
  }
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new Error(`--${name} is missing`)
  return value
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new Error(`--port is a number from 1 to 65535, got ${text}`)
}

function demoOwner(text: string): readonly [name: string, id: string] {
  const [, name, id] = text.match(/^([a-z0-9]{1,32})=(\S{1,200})$/) ?? []
  if (name === undefined || id === undefined) throw new Error(`--demo-owner is name=subject, got ${text}`)
  return [name, id]
}
