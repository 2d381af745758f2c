import { CommandFailure } from '../command-line/command.ts'
import { openDecisionFile } from '../composition/decision-file.ts'
import { startGateway } from '../composition/start-gateway.ts'
import type { Started } from '../composition/started.ts'
import { gatewayClientId } from '../home/gateway-client.ts'
import type { Home } from '../home/home.ts'
import { demoClientKey } from './client-key.ts'
import { type DemoFile, readDemoFile } from './demo-file.ts'
import { ownersOf } from './owners.ts'
import { seedDemo } from './seed.ts'

/** Starts those of the demo's parts that this process runs. @returns their public addresses */
export async function startDemo(started: Started): Promise<Readonly<Record<string, string>>> {
  const { options, addresses, authority, data, atEnd } = started
  const { home, parts } = options
  const demo =
    authority === undefined
      ? demoMadeBefore(home)
      : await seedDemo(authority.context, home, addresses, data?.authority?.place.shared === true)
  const decisions = openDecisionFile(home.decisions)
  atEnd(() => decisions.close())
  const starts = [
    ...(parts.has('orders-api') ? [startOrdersApi(started)] : []),
    ...(parts.has('gateway') ? [startGateway(started, keyOf(started, demo), decisions)] : []),
    ...(parts.has('bff') ? [startShop(started, demo)] : []),
  ]
  // All are waited for, even when one fails, so that what began is known when it is to be ended.
  await Promise.allSettled(starts)
  return Object.assign({}, ...(await Promise.all(starts)))
}

type StartedParts = Promise<Readonly<Record<string, string>>>

async function startOrdersApi({ options, addresses, authority, atEnd }: Started): StartedParts {
  if (authority === undefined) throw ordersApiAlone
  const { home, ports, settings, log } = options
  const { ordersApi } = await import('../composition/orders-api.ts')
  const owners = await ownersOf(authority.context)
  const traces = settings.tracing.endpoint
  const orders = ordersApi({ addresses, port: ports.ordersApi, owners, home, log, traces })
  atEnd(() => orders.stop())
  await orders.start()
  return { 'orders-api': addresses.ordersApi }
}

async function startShop(started: Started, demo: DemoFile): StartedParts {
  const { home, settings } = started.options
  const clientKey = demoClientKey(home, demo, 'shop', settings.app.clientKey)
  const [{ startBff }, { shop }] = await Promise.all([import('../composition/start-bff.ts'), import('./shop.ts')])
  return startBff(started, clientKey, shop(started.addresses, home.decisions))
}

const keyOf = ({ options: { home, settings } }: Started, demo: DemoFile) =>
  demoClientKey(home, demo, gatewayClientId, settings.gateway.clientKey)

function demoMadeBefore(home: Home): DemoFile {
  const demo = readDemoFile(home)
  if (demo !== undefined) return demo
  throw new CommandFailure({
    failed: 'config',
    code: 'demo_made_elsewhere',
    message: 'The authority that made the demo is another process, whose data folder has its credentials.',
    expected: home.demo,
    hint: 'Copy its demo.json there (mode 0600).',
  })
}

const ordersApiAlone = new CommandFailure({
  failed: 'usage',
  code: 'usage',
  message: 'The orders API of the demo runs beside its authority: it is told there whose the first orders are.',
  expected: 'authority and orders-api in one process',
  hint: 'Name both: --only authority --only orders-api.',
})
