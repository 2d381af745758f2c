import type { DecisionOptions, GatewayRoute } from '@sallyport/gateway'
import type { Settings } from '../configuration/load.ts'
import { type Addresses, demoResources } from '../demo/addresses.ts'

const writing = ['POST', 'PUT', 'PATCH', 'DELETE']

/** The ways through the gateway: the demo's where there is a demo, and the operator's own. */
export function gatewayRoutes(settings: Settings, addresses: Addresses): readonly GatewayRoute[] {
  const own = settings.gateway.routes.map(route => routeOf(route, addresses.gateway))
  return settings.demo.enabled ? [demoRoute(addresses), ...own] : own
}

/** The listener on which another proxy asks, where one is configured. */
export function decisionOptions({ gateway }: Settings, addresses: Addresses): DecisionOptions | undefined {
  const { decisionProxy: proxy, decisionPort: port, decisionOrigin, decisionFrom, decisionSecret: secret } = gateway
  if (proxy === 'none') return undefined
  const from =
    secret === undefined ? ({ by: 'address', addresses: decisionFrom } as const) : ({ by: 'secret', secret } as const)
  return { proxy, from, port, origin: decisionOrigin ?? addresses.gateway }
}

function routeOf(
  { prefix, upstream, resource, audience, readScope, writeScope, publicPaths }: Settings['gateway']['routes'][number],
  gateway: string,
): GatewayRoute {
  const { origin, pathname } = new URL(upstream)
  const inside = pathname.replace(/\/$/, '')
  return {
    prefix,
    upstream,
    resource: resource ?? (prefix === '/' ? gateway : gateway + prefix),
    audience: audience ?? origin,
    scopes: {
      ...(readScope === undefined ? {} : { GET: readScope, HEAD: readScope }),
      ...(writeScope === undefined ? {} : Object.fromEntries(writing.map(method => [method, writeScope]))),
    },
    public: publicPaths.map(path => ({
      method: 'GET' as const,
      path,
      upstreamPath: inside + (prefix === '/' ? path : path.slice(prefix.length)),
    })),
  }
}

function demoRoute(addresses: Addresses): GatewayRoute {
  const { outside, inside } = demoResources(addresses)
  return {
    prefix: '/orders',
    upstream: `${addresses.ordersApi}/orders`,
    resource: outside,
    audience: inside,
    advertises: { GET: 'read:orders', '*': 'write:orders' },
    public: [{ method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' }],
  }
}
