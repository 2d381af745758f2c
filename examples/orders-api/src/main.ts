import type { GuardLog } from '@sallyport/guard'
import { guard } from '@sallyport/guard/fastify'
import { openAccess } from './access.ts'
import { ordersApi } from './api.ts'
import { openDecisionFile } from './decision-file.ts'
import { listenOnLoopback } from './loopback.ts'
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
  const record = openDecisionFile(settings.decisionLog)
  const access = await openAccess({
    policyDirectory: settings.policyDirectory,
    opa: settings.opa,
    sink: record,
    onFailure: ({ reason, message }) => writeLog('error', 'policy_failed', { reason, message }),
  })
  const tracing = await openTraces(settings)
  const protect = guard({
    issuer: settings.issuer,
    resource: settings.resource,
    policy: access.engine,
    log: guardLog(record),
    ...(tracing && { tracer: tracing.tracer }),
    ...(settings.revocation === 'none' && { revocation: 'none' }),
  })
  const onError = (event: string, fields: Readonly<Record<string, unknown>>) => writeLog('error', event, fields)
  const app = await ordersApi({
    protect,
    access,
    orders,
    hosts: settings.hosts,
    onError,
    ...(tracing && { trace: tracing.tracer }),
  })
  app.addHook('onClose', async () => {
    orders.close()
    await tracing?.close()
  })
  await listenOnLoopback(app, settings.port)
  process.stdout.write(`orders-api ready at http://localhost:${settings.port}\n`)

  const end = () => app.close().then(() => process.exit(0))
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  if (settings.endWithStdin) process.stdin.once('close', end).resume()
}

/** A service with an OpenTelemetry SDK of its own passes `trace.getTracer('orders-api')` to the guard instead. */
async function openTraces({ traces, resource }: Settings) {
  if (traces === undefined) return undefined
  const { openTracing } = await import('@sallyport/guard/tracing')
  const tracing = openTracing({
    endpoint: traces,
    ratio: 1,
    // The gateway before this service has judged where the trace comes from.
    incoming: 'continue',
    key: undefined,
    version: '0.1.0',
    onChange: (event, got) => writeLog('warn', event, { got }),
  })
  return { tracer: tracing.of('orders-api', resource), close: tracing.close }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') return `${error.message}. Another process has this port: choose one with --port.`
  return code.startsWith('ERR_PARSE_ARGS') || error.message.startsWith('--')
    ? `${error.message}\n${USAGE}`
    : error.message
}

/** The guard's refusals go where the decisions go, so that one request id finds both doors; alarms are the operator's too. */
function guardLog(record: (line: string) => void): GuardLog {
  const alarm =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      writeLog(level, `guard_${event}`, fields)
  return {
    info: (event, fields) => record(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`),
    warn: alarm('warn'),
    error: alarm('error'),
  }
}

function writeLog(level: string, event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`)
}
