import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { GuardOptions } from '../options.ts'
import { guard } from './node.ts'
import { adapterSuite, type OrdersApi, orders, resource } from './testing/adapter-suite.ts'
import { bearer, exchange } from './testing/exchange.ts'
import { secrecySuite } from './testing/secrecy-suite.ts'
import { testIssuer } from './testing/test-issuer.ts'

async function listen(options: GuardOptions): Promise<OrdersApi> {
  const protect = guard(options)
  const find = (request: { url?: string | undefined }) => orders.get(request.url?.split('/')[2] ?? '')
  const list = protect('read:orders')
  const read = protect('read:orders', { read: find }, { route: '/orders/:id' })
  const refund = protect(
    'read:orders write:orders',
    { refund: find },
    { route: '/orders/:id/refund', requireDpop: true },
  )
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0] ?? '/'
    if (path === protect.metadataPath) return protect.metadata(request, response)
    if (path === '/orders') {
      const passed = await list(request, response)
      if (passed) response.end(JSON.stringify({ subject: passed.caller.subject }))
      return undefined
    }
    const passed = await (path.endsWith('/refund') ? refund : read)(request, response)
    if (passed) response.end(JSON.stringify(passed.object))
    return undefined
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      protect.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

test('node:http: what an object rule throws is one 500 that says nothing of it, and the process goes on', async () => {
  const issuer = await testIssuer()
  const lines: string[] = []
  const write = (event: string) => void lines.push(event)
  const protect = guard({ issuer: issuer.issuer, resource, log: { info: write, warn: write, error: write } })
  const read = protect('read:orders', {
    read: () => {
      throw new Error('secret: no connection')
    },
  })
  const server = createServer(async (request, response) => void (await read(request, response)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const headers = bearer(await issuer.token({}))
  for (let times = 0; times < 2; times += 1) {
    const { status, body } = await exchange(origin, '/orders/1', headers)
    assert.equal(status, 500)
    assert.doesNotMatch(body, /secret/)
  }
  assert.ok(lines.includes('object_rule_failed'))
  protect.close()
  await new Promise(resolve => server.close(resolve))
  await issuer.close()
})

adapterSuite('node:http', listen, { tellsRoutes: false })
secrecySuite('node:http', listen)
