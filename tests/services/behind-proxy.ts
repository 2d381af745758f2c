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
import { end, type Launched, launchSystem } from '../system.ts'
import { type ProxyName, startProxy } from './proxy-before.ts'

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

const portNames = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const
/** Longer than the two seconds for which the proxies' configurations keep an idle connection. */
const drainSeconds = 3
const workers = 8
/** No promise of the product: only the end of waiting for an answer that never comes. */
const answerMs = 20_000
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
  const stop = async () => {
    await Promise.all([...machines.map(machine => machine.kill()), before.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
  const launch = ({ part, name, ports }: (typeof places)[number]) => {
    const home = join(folder, name)
    mkdirSync(home, { mode: 0o700 })
    if (part !== 'seed') copyFileSync(join(folder, firstPlace.name, 'demo.json'), join(home, 'demo.json'))
    const args = ['--only', part === 'seed' ? 'authority,orders-api' : part]
    const configured = { ...environment, SALLYPORT_CONFIG: fileOf(name) }
    const machine = new RestartableMachine({ home, ports, args, environment: configured })
    machines.push(machine)
    return machine.ready()
  }
  try {
    await launch(firstPlace)
    for (const part of ['authority', 'gateway'])
      await Promise.all(places.filter(place => place.part === part).map(launch))
    const demo: DemoFile = JSON.parse(readFileSync(join(folder, firstPlace.name, 'demo.json'), 'utf8'))
    const callers = new Callers(issuer, gateway, demo, readFileSync(join(tls, 'ca.pem')))
    await callers.untilServed()
    return {
      machines: machines.slice(1),
      configure: lines => {
        for (const { name } of places) writeFileSync(fileOf(name), `${readFileSync(fileOf(name), 'utf8')}${lines}\n`)
      },
      tokenOf: () => callers.tokenOf(),
      load: () => new Load(() => callers.listOrders()),
      stop: async () => {
        await callers.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Who asks by way of the proxy. */
class Callers {
  readonly #issuer: string
  readonly #resource: string
  readonly #basic: string
  readonly #agent: Agent

  constructor(issuer: string, gateway: string, { clients }: DemoFile, ca: Buffer) {
    const secret = clients.find(({ client_id }) => client_id === 'nightly')?.client_secret
    this.#issuer = issuer
    this.#resource = `${gateway}/orders`
    this.#basic = `Basic ${btoa(`nightly:${secret}`)}`
    this.#agent = new Agent({ connect: { ca }, headersTimeout: answerMs, bodyTimeout: answerMs })
  }

  async tokenOf(): Promise<{ readonly access_token: string; readonly expires_in: number }> {
    const asked = { grant_type: 'client_credentials', scope: 'read:orders', resource: this.#resource }
    return JSON.parse(
      await this.#ask(`${this.#issuer}/token`, {
        method: 'POST',
        headers: { authorization: this.#basic, 'content-type': 'application/x-www-form-urlencoded' },
        body: String(new URLSearchParams(asked)),
      }),
    )
  }

  async listOrders(): Promise<void> {
    const { access_token } = await this.tokenOf()
    await this.#ask(this.#resource, { method: 'GET', headers: { authorization: `Bearer ${access_token}` } })
  }

  /**
   * The proxy was there first, and what was asked of it then found nobody behind it. It has to notice that all are there
   * now, as after each restart: for nginx by one whole answer of each.
   */
  async untilServed(): Promise<void> {
    await wait(noticedMs)
    for (let answers = 0; answers < 4; answers += 1) await this.listOrders()
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #ask(url: string, sent: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string }) {
    const { statusCode, body } = await request(url, { ...sent, dispatcher: this.#agent })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${sent.method} ${url} ${statusCode} ${text}`)
    return text
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
    const { code, signal, stderr } = await end(this.#launched)
    if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${stderr}`)
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
gateway: { origin: "${of.gateway}", requestsPerMinute: 1000000, refusedPerMinute: 1000000 }
ordersApi: { origin: "http://localhost:${of.ordersApi}" }
`
