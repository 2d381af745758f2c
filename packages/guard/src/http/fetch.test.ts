import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuardOptions } from '../options.ts'
import { guard } from './fetch.ts'
import { adapterSuite, type OrdersApi, orders, resource } from './testing/adapter-suite.ts'
import { secrecySuite } from './testing/secrecy-suite.ts'
import { serveFetch } from './testing/serve-fetch.ts'

async function listen(options: GuardOptions): Promise<OrdersApi> {
  const protect = guard(options)
  const find = (request: Request) => orders.get(new URL(request.url).pathname.split('/')[2] ?? '')
  const list = protect('read:orders')
  const read = protect('read:orders', { read: find }, { route: '/orders/:id' })
  const refund = protect(
    'read:orders write:orders',
    { refund: find },
    { route: '/orders/:id/refund', requireDpop: true },
  )
  const serve = protect.serve(async request => {
    const { pathname } = new URL(request.url)
    if (pathname === protect.metadataPath) return protect.metadata()
    if (pathname === '/orders') return Response.json({ subject: (await list(request)).caller.subject })
    const { object } = await (pathname.endsWith('/refund') ? refund : read)(request)
    return Response.json({ id: object.id, owner: object.owner })
  })
  const server = await serveFetch(serve)
  return {
    origin: server.origin,
    close() {
      protect.close()
      return server.close()
    },
  }
}

adapterSuite('fetch', listen, { tellsRoutes: false })
secrecySuite('fetch', listen)

test('fetch: a route that is said to carry an object’s name cannot be declared without a rule (OWASP API1)', () => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const protect = guard({ issuer: 'http://127.0.0.1:1', resource, revocation: 'none', log: quiet })
  assert.throws(() => protect('read:orders', undefined, { route: '/orders/:id' }), /object rule/)
})
