import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyEngine } from '@sallyport/policy'
import Fastify from 'fastify'
import type { GuardOptions } from '../options.ts'
import { guard } from './fastify.ts'
import { adapterSuite, type OrdersApi, orders, resource } from './testing/adapter-suite.ts'
import { secrecySuite } from './testing/secrecy-suite.ts'
import { testIssuer } from './testing/test-issuer.ts'

async function listen(options: GuardOptions): Promise<OrdersApi> {
  const app = Fastify()
  const protect = guard(options)
  app.get(protect.metadataPath, protect.metadata)
  app.route({
    method: ['GET', 'POST'],
    url: '/orders',
    preHandler: protect('read:orders'),
    handler: async request => ({ subject: request.caller.subject }),
  })
  const find = (request: { params: unknown }) => orders.get((request.params as { id: string }).id)
  app.get('/orders/:id', { preHandler: protect('read:orders', { read: find }) }, async request => request.object)
  const refund = protect('read:orders write:orders', { refund: find }, { requireDpop: true })
  app.post('/orders/:id/refund', { preHandler: refund }, async request => request.object)
  app.get('/reports/:year', { preHandler: protect('read:orders') }, async () => 'open')
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    origin,
    async close() {
      protect.close()
      await app.close()
    },
  }
}

adapterSuite('fastify', listen, { tellsRoutes: true })
secrecySuite('fastify', listen)

test('fastify: with the plugin a path parameter without an object rule stops the registration (OWASP API1)', async () => {
  const protect = guard({ issuer: 'http://127.0.0.1:1', resource, revocation: 'none', log: quiet })
  const app = Fastify()
  await app.register(protect.plugin)
  assert.throws(() => app.get('/orders/:id', { preHandler: protect('read:orders') }, async () => 'open'), /object rule/)
  app.get('/orders/:id', { preHandler: protect('read:orders', { read: () => undefined }) }, async () => 'open')
  app.get('/reports/:year', { preHandler: protect('read:orders', {}, { noObject: 'a year' }) }, async () => 'open')
  const metadata = await app.inject('/.well-known/oauth-protected-resource')
  assert.equal(metadata.json().resource, resource)
  await app.close()
})

test('fastify: with the plugin one hook on several routes tells the policy the route that was asked, prefix and all', async () => {
  const issuer = await testIssuer()
  const asked: (readonly [string, string])[] = []
  const policy: PolicyEngine = {
    revision: 'all',
    decide: ({ resource, action }) => {
      asked.push([resource.type, String(action.properties?.route)])
      return { outcome: 'allow' }
    },
  }
  const protect = guard({ issuer: issuer.issuer, resource, policy, log: quiet })
  const app = Fastify()
  await app.register(protect.plugin)
  const read = protect('read:orders', { read: () => ({ id: 'one' }) })
  app.get('/orders/:id', { preHandler: read }, async request => request.object)
  app.register(async shop => shop.get('/invoices/:id', { onRequest: [read] }, async request => request.object), {
    prefix: '/shop',
  })
  const headers = { authorization: `Bearer ${await issuer.token({})}` }
  for (const path of ['/orders/one', '/shop/invoices/one']) {
    const answer = await app.inject({ url: path, headers })
    assert.deepEqual(answer.json(), { id: 'one' })
  }
  for (const [sent, status] of [
    [{}, 401],
    [headers, 200],
  ] as const) {
    const head = await app.inject({ method: 'HEAD', url: '/orders/one', headers: sent })
    assert.equal(head.statusCode, status, 'the route that Fastify adds for HEAD is behind the same doors')
  }
  await app.close()
  await issuer.close()
  assert.deepEqual(asked, [
    ['order', '/orders/:id'],
    ['invoice', '/shop/invoices/:id'],
    ['order', '/orders/:id'],
  ])
})

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
