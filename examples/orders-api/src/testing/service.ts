import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guard } from '@sallyport/guard/fastify'
import { openAccess } from '../access.ts'
import { ordersApi } from '../api.ts'
import { openOrderStore } from '../order-store.ts'
import { seedOrders } from '../seed.ts'
import { startIssuer } from './issuer.ts'

const resource = 'http://localhost:4300'

/** The whole service on a database of its own, behind a real guard and an issuer with real keys; `inject` instead of a port. */
export async function startService(options: { readonly opa?: string } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'orders-'))
  const issuer = await startIssuer(resource)
  const orders = openOrderStore(join(home, 'orders.db'))
  seedOrders(
    orders,
    new Map([
      ['alice', 'user_alice'],
      ['bob', 'user_bob'],
    ]),
    1_700_000_000,
  )
  const decisions: Record<string, unknown>[] = []
  const errors: unknown[] = []
  const access = await openAccess({
    policyDirectory: join(import.meta.dirname, '../../../../policies/orders'),
    opa: options.opa,
    sink: line => decisions.push(JSON.parse(line)),
    onFailure: failure => errors.push(failure),
  })
  const log = { info: () => undefined, warn: () => undefined, error: (event: string) => errors.push(event) }
  const protect = guard({ issuer: issuer.issuer, resource, policy: access.engine, revocation: 'none', log })
  const hosts = new Set(['localhost:4300', 'localhost:80'])
  const app = await ordersApi({ protect, access, orders, hosts, onError: (_event, fields) => errors.push(fields) })
  return {
    app,
    issuer,
    orders,
    decisions,
    errors,
    async close() {
      await app.close()
      orders.close()
      issuer.close()
      rmSync(home, { recursive: true })
    },
  }
}
