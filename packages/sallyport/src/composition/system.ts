import { createMetrics, type Listener, PortTakenError } from '@sallyport/server'
import { composeStore, type ShortLived, type Store } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Settings } from '../configuration/load.ts'
import type { Addresses, Ports } from '../demo/addresses.ts'
import { demoAddresses } from '../demo/addresses.ts'
import { registerAdministrator } from '../home/administrator.ts'
import { releaseVersion } from '../release.ts'
import { startCheckpoints } from './audit-trail.ts'
import { authorityListener, type ComposedAuthority, composeAuthority, tenant } from './authority.ts'
import { countedLog } from './counted.ts'
import { type Data, dataFailure, openData } from './data.ts'
import type { StoreName } from './durable-store.ts'
import { registerGauges } from './gauges.ts'
import { masterKeyOf } from './master-key.ts'
import { joinPeers } from './peers.ts'
import { replicaOf } from './replica.ts'
import { openShortLived } from './short-lived.ts'
import type { Started, SystemOptions } from './started.ts'
import { openTraces, tracerOf } from './tracing.ts'

/** Everything that one process serves. */
export interface System {
  readonly addresses: Addresses
  /** Parts that run, by name, with their public addresses. */
  readonly parts: Readonly<Record<string, string>>
  /** What this process keeps where, for people. */
  readonly stores: Readonly<Record<string, string>>
  reconfigure(settings: Settings): void
  /** Ends in the opposite order: no new request, then no child, then no data. */
  stop(): Promise<void>
}

/** Starts all of it. When one part cannot start, those before it are ended and the error says which. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const stops: (() => Promise<void> | void)[] = []
  // One that cannot end keeps no other from it: what goes on would keep the process.
  const stop = async () => {
    const failures: unknown[] = []
    for (const each of stops.splice(0).toReversed()) {
      try {
        await each()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
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
  const { home, settings, ports, parts } = options
  const addresses = publicAddresses(settings, ports)
  const metrics = createMetrics()
  const log = countedLog(options.log, metrics)
  const atEnd: Started['atEnd'] = each => void stops.push(each)
  const shortLived = await openShortLived(settings, { log, metrics })
  if (shortLived !== undefined) atEnd(() => shortLived.close())
  const stores = storesOf(options)
  const replica = parts.has('authority') ? replicaOf(settings, { log, metrics }) : undefined
  const data =
    stores.length === 0 ? undefined : await openData(home, settings, { writer: settings.process.name, stores, replica })
  if (data !== undefined) atEnd(() => data.close())
  const tracing = await openTraces(
    settings,
    () => (data?.masterKey ?? masterKeyOf(home, settings)).subkey('tracing'),
    log,
  )
  atEnd(async () => tracing?.close())
  if (tracing !== undefined) options.correlate(tracing.active)
  const listen = async (listener: Listener): Promise<void> => {
    atEnd(() => listener.close())
    await listener.listen()
  }
  const begun = { options: { ...options, log }, addresses, data, shortLived, metrics, tracing, atEnd, listen }
  const authority = parts.has('authority') ? await startAuthority(begun) : undefined
  const others = settings.demo.enabled
    ? await (await import('../demo/start.ts')).startDemo({ ...begun, authority })
    : await startOwn({ ...begun, authority })
  return {
    addresses,
    parts: { ...(authority === undefined ? {} : { authority: addresses.issuer }), ...others },
    stores: storesShown(data, shortLived),
    reconfigure: next => authority?.reconfigure(next),
    stop,
  }
}

async function startAuthority(begun: Omit<Started, 'authority'>): Promise<ComposedAuthority> {
  const { options, addresses, data, shortLived, metrics, tracing, atEnd, listen } = begun
  const { home, settings, ports, parts, log } = options
  if (data?.authority === undefined) throw new Error("the authority's store is not open")
  const { issuer } = addresses
  const { place, store: durable } = data.authority
  const store: Store = shortLived === undefined ? durable : composeStore(durable, shortLived)
  if (place.shared) {
    const self = {
      name: settings.process.name,
      folder: home.folder,
      issuer,
      parts: [...parts],
      version: releaseVersion(),
    }
    atEnd(await joinPeers(durable.of(tenant), self, log))
  }
  atEnd(await startCheckpoints(durable, settings, log))
  const { masterKey } = data
  const authority = await composeAuthority({ issuer, settings, store, masterKey, log, metrics })
  atEnd(() => authority.close())
  registerGauges(metrics, { authority: authority.context, schedule: settings.keys, store: durable, tracing })
  await registerAdministrator(authority.context, home, place.shared)
  await listen(
    authorityListener(authority, {
      port: ports.authority,
      settings,
      log,
      metrics,
      shortLived,
      lagging: durable.lagging?.(tenant),
      ...tracerOf(tracing, 'authority', issuer),
    }),
  )
  return authority
}

/** Gateway and back end of the operator's own services and page. */
async function startOwn(started: Started): Promise<Readonly<Record<string, string>>> {
  const gateway = await (await import('./start-gateway.ts')).startOwnGateway(started)
  return { ...gateway, ...(await (await import('./start-bff.ts')).startOwnBff(started)) }
}

/** The stores that the parts of this process need. */
function storesOf({ parts, settings }: SystemOptions): readonly StoreName[] {
  const needed: StoreName[] = []
  if (parts.has('authority')) needed.push('authority')
  if (parts.has('bff') && (settings.demo.enabled || settings.app.files !== undefined)) needed.push('bff')
  return needed
}

function storesShown(data: Data | undefined, shortLived: ShortLived | undefined): Readonly<Record<string, string>> {
  return {
    ...(data?.authority === undefined ? {} : { authority: data.authority.place.where }),
    ...(data?.bff === undefined ? {} : { bff: data.bff.place.where }),
    ...(shortLived === undefined ? {} : { proofs: shortLived.where }),
  }
}

function publicAddresses(settings: Settings, ports: Ports): Addresses {
  const loopback = demoAddresses(ports)
  return {
    issuer: settings.authority.issuer ?? loopback.issuer,
    gateway: settings.gateway.origin ?? loopback.gateway,
    gatewayTls: settings.gateway.tlsOrigin ?? loopback.gatewayTls,
    app: settings.app.origin ?? loopback.app,
    ordersApi: settings.ordersApi.origin ?? loopback.ordersApi,
  }
}

function startFailure(error: unknown): unknown {
  if (!(error instanceof PortTakenError)) return dataFailure(error)
  const { port, pid, flag } = error
  return new CommandFailure({
    failed: 'failed',
    code: 'port_taken',
    message: `Port ${port} is taken.`,
    got: pid === undefined ? 'another process listens there' : `process ${pid} listens there`,
    hint: flag === undefined ? 'Stop it.' : `Stop it, or choose another port with ${flag}.`,
  })
}
