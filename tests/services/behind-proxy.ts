import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { newKey } from '@sallyport/store'
import { Agent, request } from 'undici'
import type { Ports } from '../../packages/sallyport/src/demo/addresses.ts'
import type { DemoFile } from '../../packages/sallyport/src/demo/demo-file.ts'
import { localCertificate } from '../../packages/sallyport/src/local-ca/certificate.ts'
import { freePorts } from '../free-ports.ts'
import { type Launched, launchSystem } from '../system.ts'

export type ProxyName = 'nginx' | 'envoy'

/** A process of the installation on ports that stay its own. */
export interface Machine {
  /** As a rolling update does it: it is told to end, ends by itself, and its successor starts in its place. */
  restart(): Promise<void>
}

export interface Installation {
  readonly machines: readonly Machine[]
  /** Adds to every machine's configuration file, as an operator who edits it. */
  configure(lines: string): void
  /** A client's own token, by way of the proxy. */
  tokenOf(): Promise<{ readonly access_token: string; readonly expires_in: number }>
  load(): RunningLoad
  stop(): Promise<void>
}

export interface RunningLoad {
  readonly answered: number
  until(answered: number): Promise<void>
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>
}

const deploy = join(import.meta.dirname, '../../deploy')
const envoyProgram = process.env.SALLYPORT_ENVOY ?? 'envoy'
const portNames = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const
/** Longer than the two seconds for which the proxies' configurations keep an idle connection. */
const drainSeconds = 3
const workers = 8
/** `minReadySeconds` of a rolling update: the proxy has to notice that a process is back before the next one goes. */
const noticedMs = 3_000

/**
 * Two authorities and two gateways on one Postgres and one Redis, behind the proxy's configuration of `deploy/` with no
 * more than names, ports and certificate changed. The public addresses are the proxy's, over TLS. A fifth process, which
 * the proxy does not know, makes the demo and runs its service.
 */
export async function installBehind(
  proxy: ProxyName,
  services: { readonly postgres: string; readonly redis: string; readonly schema: string },
): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), `sallyport-${proxy}-`))
  const tls = join(folder, 'tls')
  await localCertificate(tls, Date.now())
  const edge = await freePorts(['authority', 'gateway', 'bff'])
  const places = await Promise.all(
    (['seed', 'authority', 'authority', 'gateway', 'gateway'] as const).map(async (part, at) => ({
      part,
      name: `${part}-${at}`,
      ports: await freePorts(portNames),
    })),
  )
  const [firstPlace] = places
  if (firstPlace === undefined) throw new Error('there is no place')
  const issuer = `https://localhost:${edge.authority}`
  const gateway = `https://127.0.0.1:${edge.gateway}`
  const fileOf = (name: string) => join(folder, `${name}.yaml`)
  for (const { name } of places)
    writeFileSync(
      fileOf(name),
      configuration({ name, issuer, gateway, ordersApi: firstPlace.ports.ordersApi, schema: services.schema }),
    )
  const environment = {
    SALLYPORT_POSTGRES_URL: services.postgres,
    SALLYPORT_REDIS_URL: services.redis,
    SALLYPORT_MASTER_KEY: newKey(),
    NODE_EXTRA_CA_CERTS: join(tls, 'ca.pem'),
  }
  const before = startProxy(proxy, folder, { tls, edge, places })
  const machines: RestartableMachine[] = []
  for (const { part, name, ports } of places) {
    const home = join(folder, name)
    mkdirSync(home, { mode: 0o700 })
    if (machines.length > 0) copyFileSync(join(folder, firstPlace.name, 'demo.json'), join(home, 'demo.json'))
    const args = ['--only', part === 'seed' ? 'authority,orders-api' : part]
    const machine = new RestartableMachine({
      home,
      ports,
      args,
      environment: { ...environment, SALLYPORT_CONFIG: fileOf(name) },
    })
    await machine.ready()
    machines.push(machine)
  }
  const agent = new Agent({ connect: { ca: readFileSync(join(tls, 'ca.pem')) } })
  const demo: DemoFile = JSON.parse(readFileSync(join(folder, firstPlace.name, 'demo.json'), 'utf8'))
  const secret = demo.clients.find(({ client_id }) => client_id === 'nightly')?.client_secret
  const tokenOf = async () => {
    const { statusCode, body } = await request(`${issuer}/token`, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        authorization: `Basic ${btoa(`nightly:${secret}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: String(
        new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:orders', resource: `${gateway}/orders` }),
      ),
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`token ${statusCode} ${text}`)
    return JSON.parse(text)
  }
  const listOrders = async (token: string) => {
    const { statusCode, body } = await request(`${gateway}/orders`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}` },
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`orders ${statusCode} ${text}`)
  }
  return {
    machines: machines.slice(1),
    configure: lines => {
      for (const { name } of places) writeFileSync(fileOf(name), `${readFileSync(fileOf(name), 'utf8')}${lines}\n`)
    },
    tokenOf,
    load: () => new Load(async () => listOrders((await tokenOf()).access_token)),
    stop: async () => {
      await Promise.all(machines.map(machine => machine.kill()))
      before.kill('SIGTERM')
      await once(before, 'exit')
      await agent.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Place {
  readonly home: string
  readonly ports: Ports
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

class RestartableMachine implements Machine {
  readonly #place: Place
  #launched: Launched

  constructor(place: Place) {
    this.#place = place
    this.#launched = launchSystem(place)
  }

  async ready(): Promise<void> {
    await this.#launched.ready
  }

  async restart(): Promise<void> {
    this.#launched.child.kill('SIGTERM')
    const { code, stderr } = await this.#launched.ended
    if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`)
    this.#launched = launchSystem(this.#place)
    await this.#launched.ready
    await wait(noticedMs)
  }

  async kill(): Promise<void> {
    this.#launched.child.kill('SIGKILL')
    await this.#launched.ended
  }
}

/** Several callers, each one request after the other: a token, then with it a call through the gateway. */
class Load implements RunningLoad {
  readonly #failures: string[] = []
  readonly #workers: readonly Promise<void>[]
  #answered = 0
  #ended = false

  constructor(ask: () => Promise<void>) {
    const work = async () => {
      while (!this.#ended) {
        try {
          await ask()
          this.#answered += 2
        } catch (error) {
          this.#failures.push(`${new Date().toISOString()} ${error instanceof Error ? error.message : error}`)
          await wait(20)
        }
      }
    }
    this.#workers = Array.from({ length: workers }, work)
  }

  get answered(): number {
    return this.#answered
  }

  async until(answered: number): Promise<void> {
    while (this.#answered < answered && this.#failures.length === 0) await wait(20)
  }

  async stop() {
    this.#ended = true
    await Promise.all(this.#workers)
    return { answered: this.#answered, failures: this.#failures }
  }
}

interface Edge {
  readonly tls: string
  readonly edge: Readonly<Record<'authority' | 'gateway' | 'bff', number>>
  readonly places: readonly { readonly part: 'seed' | 'authority' | 'gateway'; readonly ports: Ports }[]
}

function startProxy(proxy: ProxyName, folder: string, at: Edge): ChildProcess {
  const home = join(folder, proxy)
  mkdirSync(home)
  const told: SpawnOptions = { stdio: ['ignore', 'ignore', 'inherit'] }
  if (proxy === 'nginx') {
    const file = join(home, 'nginx.conf')
    writeFileSync(join(home, 'sallyport.conf'), nginxConfiguration(at))
    writeFileSync(
      file,
      `daemon off; pid ${home}/pid; error_log stderr error; events {}
       http { access_log off; client_body_temp_path ${home}; proxy_temp_path ${home}; fastcgi_temp_path ${home};
       uwsgi_temp_path ${home}; scgi_temp_path ${home}; include ${home}/sallyport.conf; }`,
    )
    return spawn('/usr/sbin/nginx', ['-p', home, '-e', 'stderr', '-c', file], told)
  }
  const file = join(home, 'envoy.yaml')
  writeFileSync(file, envoyConfiguration(at))
  return spawn(envoyProgram, ['-c', file, '--log-level', 'error', '--concurrency', '1', '--use-dynamic-base-id'], told)
}

function nginxConfiguration({ tls, edge, places }: Edge): string {
  const { authority, gateway } = portsOf(places)
  return readFileSync(join(deploy, 'nginx/sallyport.conf'), 'utf8')
    .replace(
      'listen 443 ssl;\n  server_name auth.example',
      `listen 127.0.0.1:${edge.authority} ssl; listen [::1]:${edge.authority} ssl;\n  server_name localhost`,
    )
    .replace(
      'listen 443 ssl;\n  server_name api.example',
      `listen 127.0.0.1:${edge.gateway} ssl;\n  server_name 127.0.0.1`,
    )
    .replace(
      'listen 443 ssl;\n  server_name app.example',
      `listen 127.0.0.1:${edge.bff} ssl;\n  server_name app.example`,
    )
    .replace('127.0.0.1:4000', `127.0.0.1:${authority[0]}`)
    .replace('127.0.0.1:4001', `127.0.0.1:${authority[1]}`)
    .replace('127.0.0.1:4100', `127.0.0.1:${gateway[0]}`)
    .replace('127.0.0.1:4101', `127.0.0.1:${gateway[1]}`)
    .replace('/etc/sallyport/tls/tls.crt', join(tls, 'server.pem'))
    .replace('/etc/sallyport/tls/tls.key', join(tls, 'server.key.pem'))
}

function envoyConfiguration({ tls, edge, places }: Edge): string {
  const { authority, gateway } = portsOf(places)
  return readFileSync(join(deploy, 'envoy/sallyport.yaml'), 'utf8')
    .replace('port_value: 9901', 'port_value: 0')
    .replace(
      'address: { socket_address: { address: 127.0.0.1, port_value: 8443 } }',
      `address: { socket_address: { address: 127.0.0.1, port_value: ${edge.authority} } }
      additional_addresses:
        - address: { socket_address: { address: "::1", port_value: ${edge.authority} } }
        - address: { socket_address: { address: 127.0.0.1, port_value: ${edge.gateway} } }`,
    )
    .replace('"auth.example", "auth.example:*"', `"localhost:${edge.authority}"`)
    .replace('"api.example", "api.example:*"', `"127.0.0.1:${edge.gateway}"`)
    .replace('port_value: 4000', `port_value: ${authority[0]}`)
    .replace('port_value: 4001', `port_value: ${authority[1]}`)
    .replace('port_value: 4100', `port_value: ${gateway[0]}`)
    .replace('port_value: 4101', `port_value: ${gateway[1]}`)
    .replace('/etc/sallyport/tls/tls.crt', join(tls, 'server.pem'))
    .replace('/etc/sallyport/tls/tls.key', join(tls, 'server.key.pem'))
}

function portsOf(places: Edge['places']): Readonly<Record<'authority' | 'gateway', readonly number[]>> {
  const of = (wanted: 'authority' | 'gateway') =>
    places.filter(({ part }) => part === wanted).map(({ ports }) => ports[wanted])
  return { authority: of('authority'), gateway: of('gateway') }
}

const configuration = (of: {
  name: string
  issuer: string
  gateway: string
  ordersApi: number
  schema: string
}): string => `
process: { name: ${of.name}, drainSeconds: ${drainSeconds} }
store: { authority: postgres, authoritySchema: ${of.schema} }
authority:
  issuer: ${of.issuer}
  trustedProxies: ["127.0.0.1"]
  interactionsPerMinute: 1000000
  refusedTokenRequestsPerMinute: 1000000
gateway: { origin: "${of.gateway}", requestsPerMinute: 1000000 }
ordersApi: { origin: "http://localhost:${of.ordersApi}" }
`
