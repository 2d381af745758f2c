import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GuardOptions } from '../options.ts'
import { guard } from './node.ts'
import { adapterSuite, type OrdersApi, orders } from './testing/adapter-suite.ts'

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

adapterSuite('node:http', listen, { tellsRoutes: false })
