import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import type { GuardOptions } from '../options.ts'
import { guard } from './hono.ts'
import { adapterSuite, type OrdersApi, orders, resource } from './testing/adapter-suite.ts'
import { bearer, exchange } from './testing/exchange.ts'
import { secrecySuite } from './testing/secrecy-suite.ts'
import { serveFetch } from './testing/serve-fetch.ts'
import { testIssuer } from './testing/test-issuer.ts'

async function listen(options: GuardOptions): Promise<OrdersApi> {
  const protect = guard(options)
  const app = new Hono()
  app.get(protect.metadataPath, protect.metadata)
  app.on(['GET', 'POST'], '/orders', protect('read:orders'), c => c.json({ subject: c.get('caller').subject }))
  const read = protect('read:orders', { read: c => orders.get(c.req.param('id') ?? '') })
  app.get('/orders/:id', read, c => c.json({ id: c.get('object').id, owner: c.get('object').owner }))
  const refund = protect(
    'read:orders write:orders',
    { refund: c => orders.get(c.req.param('id') ?? '') },
    { requireDpop: true },
  )
  app.post('/orders/:id/refund', refund, c => c.json(c.get('object').id))
  app.get('/reports/:year', protect('read:orders'), c => c.json('open'))
  const server = await serveFetch(request => app.fetch(request))
  return {
    origin: server.origin,
    close() {
      protect.close()
      return server.close()
    },
  }
}

adapterSuite('hono', listen, { tellsRoutes: true })
secrecySuite('hono', listen)

test('hono: mounted over many routes it judges by the handler behind it (OWASP API1)', async () => {
  const issuer = await testIssuer()
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const protect = guard({ issuer: issuer.issuer, resource, log: quiet })
  const app = new Hono()
  app.use('/*', protect('read:orders'))
  app.get('/orders', c => c.json('list'))
  app.get('/orders/:id', c => c.json('open'))
  const server = await serveFetch(request => app.fetch(request))
  const headers = bearer(await issuer.token({}))
  assert.equal((await exchange(server.origin, '/orders', headers)).status, 200)
  assert.equal((await exchange(server.origin, '/orders/bob-1', headers)).status, 403)
  protect.close()
  await server.close()
  await issuer.close()
})
