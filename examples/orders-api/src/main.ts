import { guard } from '@sallyport/guard/fastify'
import { openAccess } from './access.ts'
import { ordersApi } from './api.ts'
import { openDecisionFile } from './decision-file.ts'
import { openOrderStore } from './order-store.ts'
import { seedOrders } from './seed.ts'
import { readSettings, type Settings, USAGE } from './settings.ts'

try {
  await start(readSettings(process.argv.slice(2)))
} catch (error) {
  console.error(`orders-api: ${explain(error)}`)
  process.exit(1)
}

async function start(settings: Settings): Promise<void> {
  const orders = openOrderStore(settings.database)
  seedOrders(orders, settings.demoOwners, Math.floor(Date.now() / 1000))
  const access = await openAccess({
    policyDirectory: settings.policyDirectory,
    opa: settings.opa,
    sink: openDecisionFile(settings.decisionLog),
    onFailure: ({ reason, message }) => writeLog('error', 'policy_failed', { reason, message }),
  })
  const protect = guard({
    issuer: settings.issuer,
    resource: settings.resource,
    policy: access.engine,
    ...(settings.revocation === 'none' && { revocation: 'none' }),
  })
  const onError = (event: string, fields: Readonly<Record<string, unknown>>) => writeLog('error', event, fields)
  const app = await ordersApi({ protect, access, orders, hosts: settings.hosts, onError })
  app.addHook('onClose', () => orders.close())
  // Both loopback families, by the one name that means them.
  await app.listen({ host: 'localhost', port: settings.port })
  process.stdout.write(`orders-api ready at http://localhost:${settings.port}\n`)

  const end = () => app.close().then(() => process.exit(0))
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  if (settings.endWithStdin) process.stdin.once('close', end).resume()
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') return `${error.message}. Another process has this port: choose one with --port.`
  return code.startsWith('ERR_PARSE_ARGS') || error.message.startsWith('--')
    ? `${error.message}\n${USAGE}`
    : error.message
}

function writeLog(level: string, event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`)
}
