import type { Tracing } from '@sallyport/guard/tracing'
import { createMetrics, type Listener, type Log, PortTakenError } from '@sallyport/server'
import { CommandFailure } from '../command-line/command.ts'
import type { Environment, Settings } from '../configuration/load.ts'
import type { Addresses, Ports } from '../demo/addresses.ts'
import { demoAddresses } from '../demo/addresses.ts'
import { demoClientKey } from '../demo/client-key.ts'
import { ownersOf } from '../demo/owners.ts'
import { seedDemo } from '../demo/seed.ts'
import { registerAdministrator } from '../home/administrator.ts'
import type { Home } from '../home/home.ts'
import { localCertificate } from '../local-ca/certificate.ts'
import { authorityListener, type ComposedAuthority, composeAuthority } from './authority.ts'
import { nowMs } from './clock.ts'
import { openData } from './data.ts'
import { openDecisionFile, withDoorOne } from './decision-file.ts'
import type { OpenedLog } from './log.ts'
import { openTraces, tracerOf } from './tracing.ts'

/** Everything that one process serves. */
export interface System {
  readonly addresses: Addresses
  /** Parts that run, by name, with their public addresses. */
  readonly parts: Readonly<Record<string, string>>
  reconfigure(settings: Settings): void
  /** Ends in the opposite order: no new request, then no child, then no data. */
  stop(): Promise<void>
}

export interface SystemOptions {
  readonly home: Home
  readonly settings: Settings
  readonly ports: Ports
  readonly environment: Environment
  readonly log: Log
  /** Hears of the traces that lines of the log belong to, where there are any. */
  readonly correlate: OpenedLog['correlate']
}

/** Starts all of it. When one part cannot start, those before it are ended and the error says which. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const stops: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    return await startParts(options, stops, stop)
  } catch (error) {
    await stop()
    throw startFailure(error)
  }
}

async function startParts(
  options: SystemOptions,
  stops: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<System> {
  const { home, settings, ports, log } = options
  const demo = settings.demo.enabled
  const addresses = publicAddresses(settings, ports)
  const data = await openData(home, options.environment, { writer: 'authority', bff: demo })
  stops.push(() => data.close())
  const tracing = await openTraces(settings, () => data.masterKey.subkey('tracing'), log)
  stops.push(async () => tracing?.close())
  if (tracing !== undefined) options.correlate(tracing.active)
  const authority = await composeAuthority({ issuer: addresses.issuer, settings, data, log })
  stops.push(() => authority.close())
  await registerAdministrator(authority.context, home)
  const listen = async (listener: Listener): Promise<void> => {
    stops.push(() => listener.close())
    await listener.listen()
  }
  const traced = tracerOf(tracing, 'authority', addresses.issuer)
  const port = ports.authority
  await listen(authorityListener(authority, { port, settings, log, metrics: createMetrics(), ...traced }))
  const parts: Record<string, string> = { authority: addresses.issuer }
  if (demo) Object.assign(parts, await startDemo(options, authority, data, addresses, stops, listen, tracing))
  return { addresses, parts, reconfigure: next => authority.reconfigure(next), stop }
}

async function startDemo(
  { home, settings, ports, log }: SystemOptions,
  authority: ComposedAuthority,
  data: Awaited<ReturnType<typeof openData>>,
  addresses: Addresses,
  stops: (() => Promise<void> | void)[],
  listen: (listener: Listener) => Promise<void>,
  tracing: Tracing | undefined,
): Promise<Readonly<Record<string, string>>> {
  const certificate = localCertificate(home.tls, nowMs())
  // Awaited below; until then a failure must not count as unhandled.
  certificate.catch(() => undefined)
  const [file, { ordersApi }, { composeBff }, { composeGateway }] = await Promise.all([
    seedDemo(authority.context, home, addresses),
    import('./orders-api.ts'),
    import('./bff.ts'),
    import('./gateway.ts'),
  ])
  const decisions = openDecisionFile(home.decisions)
  stops.push(() => decisions.close())
  const owners = await ownersOf(authority.context)
  const traces = settings.tracing.endpoint
  const orders = ordersApi({ addresses, port: ports.ordersApi, owners, home, log, traces })
  stops.push(() => orders.stop())
  const startGateway = async () => {
    const clientKey = demoClientKey(file, 'gateway')
    const gatewayLog = withDoorOne(log, 'gateway', decisions)
    const gateway = composeGateway({
      addresses,
      ports,
      settings,
      clientKey,
      tls: await certificate,
      log: gatewayLog,
      ...tracerOf(tracing, 'gateway', addresses.gateway),
    })
    stops.push(() => gateway.close())
    await gateway.listen()
  }
  const startBff = async () => {
    const clientKey = demoClientKey(file, 'shop')
    await listen(
      await composeBff({
        addresses,
        port: ports.app,
        settings,
        data,
        clientKey,
        decisions: home.decisions,
        log,
        ...tracerOf(tracing, 'bff', addresses.app),
      }),
    )
  }
  await all([orders.start(), startGateway(), startBff()])
  const { app, gateway, gatewayTls } = addresses
  return { shop: app, gateway, 'gateway-tls': gatewayTls, 'orders-api': addresses.ordersApi }
}

/** Waits for all, even when one fails, so that what began is known when it is to be ended. */
async function all(starts: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(starts)).find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function publicAddresses(settings: Settings, ports: Ports): Addresses {
  const loopback = demoAddresses(ports)
  return {
    ...loopback,
    issuer: settings.authority.issuer ?? loopback.issuer,
    app: settings.app.origin ?? loopback.app,
  }
}

function startFailure(error: unknown): unknown {
  if (!(error instanceof PortTakenError)) return error
  const { port, pid, flag } = error
  return new CommandFailure({
    failed: 'failed',
    code: 'port_taken',
    message: `Port ${port} is taken.`,
    got: pid === undefined ? 'another process listens there' : `process ${pid} listens there`,
    hint: flag === undefined ? 'Stop it.' : `Stop it, or choose another port with ${flag}.`,
  })
}
