import assert from 'node:assert/strict'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { GuardOptions } from '../options.ts'
import { type ExpressRequest, guard, type Handler } from './express.ts'
import { adapterSuite, type OrdersApi, orders, resource } from './testing/adapter-suite.ts'
import { bearer, exchange } from './testing/exchange.ts'
import { secrecySuite } from './testing/secrecy-suite.ts'
import { testIssuer } from './testing/test-issuer.ts'

/** Express brings no types of its own; these are the parts used here. */
interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void
  get(path: string, ...handlers: ExpressHandler[]): void
  post(path: string, ...handlers: ExpressHandler[]): void
  all(path: string, ...handlers: ExpressHandler[]): void
  use(...handlers: ExpressHandler[]): void
  use(path: string, router: ExpressApp): void
  listen(port: number, host: string, onListening: () => void): Server
}
type Json = ServerResponse & { json(value: unknown): void }
type ExpressHandler = (request: ExpressRequest, response: Json, next: (error?: unknown) => void) => void
const express: { (): ExpressApp; urlencoded(options: object): Handler; Router(options: object): ExpressApp } =
  createRequire(import.meta.url)('express')

async function serve(app: ExpressApp, onClose: () => void): Promise<OrdersApi> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = app.listen(0, '127.0.0.1', resolve)
  await promise
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      onClose()
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}

function listen(options: GuardOptions): Promise<OrdersApi> {
  const app = express()
  const protect = guard(options)
  const find = (request: ExpressRequest) => orders.get(request.params.id ?? '')
  app.get(protect.metadataPath, protect.metadata)
  app.all('/orders', protect('read:orders'), (request, response) => response.json({ subject: request.caller.subject }))
  app.get('/orders/:id', protect('read:orders', { read: find }), (request, response) => response.json(request.object))
  const refund = protect('read:orders write:orders', { refund: find }, { requireDpop: true })
  app.post('/orders/:id/refund', refund, (request, response) => response.json(request.object))
  app.get('/reports/:year', protect('read:orders'), (_request, response) => response.json('open'))
  return serve(app, protect.close)
}

adapterSuite('express', listen, { tellsRoutes: true })
secrecySuite('express', listen)

test('express: a token in a form body is refused, even beside a good header (RFC 6750 §2.2)', async () => {
  const issuer = await testIssuer()
  const app = express()
  const protect = guard({ issuer: issuer.issuer, resource, log: quiet })
  app.use(express.urlencoded({ extended: false }))
  app.post('/orders', protect('read:orders'), (_request, response) => response.json('in'))
  const api = await serve(app, protect.close)
  const token = await issuer.token({})
  const form = ['content-type', 'application/x-www-form-urlencoded'] as const
  const body = `access_token=${token}`
  const refused = await exchange(api.origin, '/orders', [...bearer(token), form], { method: 'POST', body })
  assert.equal(refused.status, 400)
  assert.equal(JSON.parse(refused.body).code, 'token_in_body')
  const good = await exchange(api.origin, '/orders', [...bearer(token), form], { method: 'POST', body: 'item=tea' })
  assert.equal(good.status, 200)
  await api.close()
  await issuer.close()
})

test('express: in app.use, where no route is told, only a stated reason opens it (OWASP API1)', async () => {
  const issuer = await testIssuer()
  const app = express()
  const protect = guard({ issuer: issuer.issuer, resource, log: quiet })
  app.use(protect('read:orders'))
  app.get('/orders/:id', (_request, response) => response.json('open'))
  const api = await serve(app, protect.close)
  const { status, body } = await exchange(api.origin, '/orders/bob-1', bearer(await issuer.token({})))
  assert.equal(status, 403)
  assert.equal(JSON.parse(body).code, 'object_rule_missing')
  await api.close()
  await issuer.close()
})

test('express: a parameter of the path a router is mounted at counts as well (OWASP API1)', async () => {
  const issuer = await testIssuer()
  const app = express()
  const router = express.Router({ mergeParams: true })
  const protect = guard({ issuer: issuer.issuer, resource, log: quiet })
  router.get('/orders', protect('read:orders'), (_request, response) => response.json('open'))
  app.use('/shops/:shop', router)
  const api = await serve(app, protect.close)
  assert.equal((await exchange(api.origin, '/shops/7/orders', bearer(await issuer.token({})))).status, 403)
  await api.close()
  await issuer.close()
})

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
