import type { Resource } from '@sallyport/authority'
import { type Addresses, demoResources } from './addresses.ts'

/** The orders API's scopes, as its policy names them (policies/orders). */
export const orderScopes = ['read:orders', 'write:orders', 'refund:orders'] as const

const scopes: Resource['scopes'] = [
  { scope: 'read:orders', description: 'See your orders' },
  { scope: 'write:orders', description: 'Place, change and cancel orders for you' },
  { scope: 'refund:orders', description: 'Refund orders, if you are support staff' },
]

/** The orders API twice: at the gateway with opaque tokens, and by its own address with JWTs (DECISIONS "Resources of the demo"). */
export function demoResourceRecords(addresses: Addresses): readonly Resource[] {
  const { outside, inside } = demoResources(addresses)
  const each = {
    signing_alg: 'ES256',
    scopes,
    require_sender_constraint: false,
    include_roles: true,
    introspection_clients: ['gateway', 'orders-api'],
    phantom: { client_id: 'gateway', audience: inside },
  } as const
  return [
    { resource: outside, name: 'Orders', token_format: 'opaque', ...each },
    { resource: inside, name: 'Orders, inside', token_format: 'jwt', ...each },
  ]
}
