import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'
import type { Ports } from '../packages/sallyport/src/demo/addresses.ts'
import type { DemoClient, DemoFile, DemoUser } from '../packages/sallyport/src/demo/demo-file.ts'
import { freePorts } from './free-ports.ts'
import { watch } from './watchdog.ts'

const root = resolve(import.meta.dirname, '..')
const main = join(root, 'packages/sallyport/src/main.ts')
/** Quotas that tests do not reach; `--config` names another. */
const configuration = join(root, 'tests/system.yaml')
const readyMs = 60_000
const endMs = 20_000
const portTries = 4

export interface LaunchOptions {
  readonly home: string
  readonly ports: Ports
  /** Further arguments of `start`. */
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** What `start --json` prints when all of it serves. */
export interface Ready {
  readonly ready: true
  readonly version: string
  readonly seconds: number
  readonly data: string
  readonly issuer: string
  readonly addresses: Readonly<Record<string, string>>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Launched {
  readonly child: ChildProcess
  /** The ready line; rejects with what was said when the process ends without it. */
  readonly ready: Promise<Ready>
  readonly ended: Promise<Ended>
}

/**
 * Runs the command a user runs, as a process of its own. It does not outlive this process, however that ends, and neither
 * does a temporary home.
 */
export function launchSystem(options: LaunchOptions, temporaryHome = ''): Launched {
  const { ports } = options
  const flags = {
    '--authority-port': ports.authority,
    '--gateway-port': ports.gateway,
    '--gateway-tls-port': ports.gatewayTls,
    '--app-port': ports.app,
    '--orders-api-port': ports.ordersApi,
  }
  const numbers = Object.entries(flags).flatMap(([name, port]) => [name, String(port)])
  const child = spawn(process.execPath, [main, 'start', '--json', ...numbers, ...(options.args ?? [])], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ownEnvironment(), SALLYPORT_HOME: options.home, SALLYPORT_CONFIG: configuration, ...options.environment },
  })
  const watchdog = child.pid === undefined ? undefined : watch(child.pid, temporaryHome)
  let stdout = ''
  let stderr = ''
  const ended = new Promise<Ended>((settle, fail) => {
    child.on('error', fail)
    child.on('close', (code, signal) => {
      watchdog?.kill('SIGKILL')
      settle({ code, signal, stdout, stderr })
    })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ready = new Promise<Ready>((settle, fail) => {
    const late = setTimeout(() => fail(new Error(`not ready after ${readyMs} ms\n${stdout}${stderr}`)), readyMs)
    late.unref()
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const line = stdout.split('\n').find(each => each.startsWith('{"ready":true'))
      if (line === undefined) return
      clearTimeout(late)
      settle(JSON.parse(line))
    })
    ended.then(({ code, signal }) => fail(new Error(`ended with ${code ?? signal}\n${stdout}${stderr}`)), fail)
  })
  // Whoever awaits it gets the error; nobody has to.
  ready.catch(() => undefined)
  return { child, ready, ended }
}

/** This process's environment without what would configure the system or its Node. */
export function ownEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SALLYPORT_|NODE_OPTIONS$|NODE_TEST_)/.test(name))
  return Object.fromEntries(kept)
}

export interface RunningSystem {
  readonly home: string
  readonly child: ChildProcess
  readonly ready: Ready
  readonly ended: Promise<Ended>
  readonly demo: DemoFile
  readonly issuer: string
  readonly gateway: string
  readonly app: string
  readonly ordersApi: string
  /** The orders API at the gateway (opaque tokens) and by its own address (JWTs). */
  readonly resources: { readonly outside: string; readonly inside: string }
  user(username: string): DemoUser
  client(clientId: string): DemoClient
  /** Ends it as an operator does, and removes a home that was made for it. */
  stop(): Promise<Ended>
}

/** The whole system on free loopback ports, with a home of its own unless one is given. */
export async function startSystem(options: Partial<LaunchOptions> = {}): Promise<RunningSystem> {
  const temporaryHome = options.home === undefined ? mkdtempSync(join(tmpdir(), 'sallyport-test-')) : ''
  const home = options.home ?? temporaryHome
  const { launched, ready } = await launchOnFreePorts({ ...options, home }, temporaryHome)
  const demo: DemoFile = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8'))
  return {
    home,
    child: launched.child,
    ended: launched.ended,
    ready,
    demo,
    issuer: demo.issuer,
    gateway: demo.gateway,
    app: demo.app,
    ordersApi: demo.orders_api,
    resources: { outside: `${demo.gateway}/orders`, inside: demo.orders_api },
    user: username => named(demo.users, 'username', username),
    client: clientId => named(demo.clients, 'client_id', clientId),
    stop: async () => {
      const ended = await end(launched)
      if (temporaryHome !== '') rmSync(temporaryHome, { recursive: true, force: true })
      return ended
    },
  }
}

/** Ends a process as an operator does; one that does not end in 20 s is killed, which its signal tells. */
export async function end({ child, ended }: Launched): Promise<Ended> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), endMs)
  const how = await ended
  clearTimeout(force)
  return how
}

/** One system for all tests of a file, ended after them. */
export async function systemOfFile(options: Partial<LaunchOptions> = {}): Promise<RunningSystem> {
  const system = await startSystem(options)
  after(async () => {
    await system.stop()
  })
  return system
}

/** A free port may be taken by another test before we have it; given ports are used as they are. */
async function launchOnFreePorts(options: Partial<LaunchOptions> & { readonly home: string }, temporaryHome: string) {
  for (let attempt = 1; ; attempt += 1) {
    const launched = launchSystem({ ...options, ports: options.ports ?? (await freePorts(parts)) }, temporaryHome)
    try {
      return { launched, ready: await launched.ready }
    } catch (error) {
      launched.child.kill('SIGKILL')
      await launched.ended
      const taken = error instanceof Error && error.message.includes('port_taken')
      if (taken && options.ports === undefined && attempt < portTries) continue
      if (temporaryHome !== '') rmSync(temporaryHome, { recursive: true, force: true })
      throw error
    }
  }
}

const parts = ['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'] as const

function named<T, K extends keyof T>(all: readonly T[], key: K, name: T[K]): T {
  const found = all.find(each => each[key] === name)
  if (found === undefined) throw new Error(`demo.json has no ${String(name)}`)
  return found
}
