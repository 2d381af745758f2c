import { CommandFailure, flag, flagList, type Invocation, isFailure, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { openLog } from '../composition/log.ts'
import { type System, startSystem } from '../composition/system.ts'
import { findConfigurationFile, loadConfiguration, type Settings } from '../configuration/load.ts'
import { type PartName, partNames, processName, processNameRange } from '../configuration/sections/process.ts'
import { watchConfiguration } from '../configuration/watch.ts'
import type { Ports } from '../demo/addresses.ts'
import { startReport } from '../demo/start-report.ts'
import { homePaths, openHome, shownFolder } from '../home/home.ts'
import { lockHome } from '../home/lock.ts'
import { removeRunning, writeRunning } from '../home/running.ts'
import { releaseVersion } from '../release.ts'

/** Starts everything and serves until a signal. What is printed is what is there. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const startedAt = performance.timeOrigin
  const { environment, directory } = terminal
  const file = findConfigurationFile(flag(invocation, 'config'), environment, directory)
  const loaded = loadConfiguration(file, environment)
  if (isFailure(loaded)) return loaded
  const ports = chosenPorts(invocation, loaded.values)
  const home = homePaths(flag(invocation, 'home'), environment, directory)
  // Whatever this process writes is for its user alone.
  process.umask(0o077)
  openHome(home)
  const unlock = lockHome(home)
  const opened = openLog({ level: loaded.values.log.level, file: loaded.values.log.file ?? home.log })
  const { log } = opened
  // Listened for before anything serves, so that no signal ends the process half-way.
  const ended = endSignal()
  try {
    const system = await startSystem({
      home,
      settings: { ...loaded.values, process: named(invocation, loaded.values) },
      ports,
      parts: chosenParts(invocation, loaded.values),
      log,
      correlate: opened.correlate,
    })
    const reload = watchConfiguration(loaded, environment, log, settings => system.reconfigure(settings))
    writeRunning(home, {
      pid: process.pid,
      issuer: system.addresses.issuer,
      addresses: system.parts,
      listening: listening(system.parts, ports, loaded.values),
      stores: system.stores,
      started_at: Math.floor(Date.now() / 1000),
    })
    const report = startReport({
      version: releaseVersion(),
      seconds: (Date.now() - startedAt) / 1000,
      folder: shownFolder(home, directory),
      configuration: loaded.file,
      system,
      demo: loaded.values.demo.enabled,
    })
    terminal.out(terminal.json ? `${JSON.stringify(report.data)}\n` : report.text)
    log.info('ready', report.data)
    const signal = await ended
    log.info('stopping', { signal })
    reload.close()
    await system.stop()
    removeRunning(home)
    log.info('stopped')
    return { text: '', data: { stopped: signal } }
  } catch (error) {
    log.error('start_failed', { cause: error, stack: error instanceof Error ? error.stack : undefined })
    throw error
  } finally {
    opened.flush()
    unlock()
  }
}

function chosenParts(invocation: Invocation, settings: Settings): ReadonlySet<PartName> {
  const named = flagList(invocation, 'only')
  const unknown = named.find(name => !partNames.some(part => part === name))
  if (unknown === undefined)
    return new Set(named.length === 0 ? settings.process.parts : partNames.filter(part => named.includes(part)))
  throw new CommandFailure({
    failed: 'usage',
    code: 'usage',
    message: '--only names no part.',
    expected: partNames.join(', '),
    got: unknown,
  })
}

function named(invocation: Invocation, { process: configured }: Settings): Settings['process'] {
  const name = flag(invocation, 'name')
  if (name === undefined || processName.test(name)) return { ...configured, name: name ?? configured.name }
  throw new CommandFailure({
    failed: 'usage',
    code: 'usage',
    message: '--name does not fit.',
    expected: processNameRange,
    got: name,
  })
}

/** Where this process itself is asked whether its parts are ready; the public addresses may be those of others. */
function listening(parts: System['parts'], ports: Ports, { authority }: Settings): Readonly<Record<string, string>> {
  const first = authority.addresses[0] ?? '127.0.0.1'
  const host = first === '0.0.0.0' ? '127.0.0.1' : first === '::' ? '[::1]' : first.includes(':') ? `[${first}]` : first
  const own = { authority: ports.authority, gateway: ports.gateway, shop: ports.app }
  const served = Object.entries(own).filter(([part]) => parts[part] !== undefined)
  return {
    ...Object.fromEntries(served.map(([part, port]) => [part, `http://${host}:${port}`])),
    ...(parts['orders-api'] === undefined ? {} : { 'orders-api': `http://localhost:${ports.ordersApi}` }),
  }
}

const portFlags = {
  authority: 'authority-port',
  gateway: 'gateway-port',
  gatewayTls: 'gateway-tls-port',
  app: 'app-port',
  ordersApi: 'orders-api-port',
} as const

function chosenPorts(invocation: Invocation, settings: Settings): Ports {
  const chosen = (name: keyof typeof portFlags, configured: number): number => {
    const text = flag(invocation, portFlags[name])
    if (text === undefined) return configured
    const port = Number(text)
    if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
    throw new CommandFailure({
      failed: 'usage',
      code: 'usage',
      message: `--${portFlags[name]} is no port.`,
      expected: '1 to 65535',
      got: text,
    })
  }
  return {
    authority: chosen('authority', settings.authority.port),
    gateway: chosen('gateway', settings.gateway.port),
    gatewayTls: chosen('gatewayTls', settings.gateway.tlsPort),
    app: chosen('app', settings.app.port),
    ordersApi: chosen('ordersApi', settings.ordersApi.port),
  }
}

/** Waits for SIGTERM or SIGINT; a second one ends the process at once. */
function endSignal(): Promise<string> {
  return new Promise(resolve => {
    let asked = false
    const end = (signal: string) => {
      if (asked) process.exit(1)
      asked = true
      resolve(signal)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal))
  })
}
