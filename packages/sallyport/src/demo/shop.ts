import { fileURLToPath } from 'node:url'
import type { App } from '../composition/bff.ts'
import { type Addresses, demoResources } from './addresses.ts'
import { orderScopes } from './resources.ts'
import { registerShopRoutes } from './shop-routes.ts'

const files = fileURLToPath(new URL('../../../../examples/shop/app', import.meta.url))

/** The demo's page. @param decisions  the file that joins both doors' decisions */
export function shop(addresses: Addresses, decisions: string): App {
  const { gateway } = addresses
  return {
    clientId: 'shop',
    files,
    scope: ['openid', 'profile', ...orderScopes],
    usualScope: ['openid', 'profile', 'read:orders', 'write:orders'],
    resources: [demoResources(addresses).outside],
    routes: [{ prefix: '/api/orders', upstream: `${gateway}/orders`, methods: ['GET', 'POST', 'PATCH', 'DELETE'] }],
    connect: [gateway],
    extend: (listener, context) => registerShopRoutes(listener.app, { context, gateway, decisions }),
  }
}
