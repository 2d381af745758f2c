import { createGuard, type GuardOptions, guardSettings, type OpenIssuer, type ReplayMemory } from '@sallyport/guard'
import type { PolicyEngine } from '@sallyport/policy'
import type { GatewayOptions } from '../options.ts'
import type { GatewayRoute } from '../route-table.ts'
import type { RouteDoor } from '../verdict.ts'

/** What a route's door one is set up with; the origin is that of the listener, so that proofs name the address called. */
export function doorOptions(options: GatewayOptions, route: GatewayRoute, origin: string): GuardOptions {
  const { issuer, client, jwksUrl, revocation, requireDpop, nonceSecret } = options
  return {
    issuer,
    client,
    resource: route.resource,
    alsoAccept: [route.audience],
    origin,
    ...(jwksUrl === undefined ? {} : { jwksUrl }),
    ...(revocation === undefined ? {} : { revocation }),
    ...(requireDpop === undefined ? {} : { requireDpop }),
    ...(nonceSecret === undefined ? {} : { nonceSecret }),
  }
}

/** Door one of every route, on one connection to the issuer and one memory of proofs. */
export function doorsOf(
  opened: OpenIssuer,
  options: GatewayOptions,
  replay: ReplayMemory,
  routes: readonly GatewayRoute[],
  origin: string,
): ReadonlyMap<GatewayRoute, RouteDoor> {
  return new Map(
    routes.map(route => {
      const settings = guardSettings({ ...doorOptions(options, route, origin), replay })
      const guard = createGuard({ settings, ...opened, policy: noPolicy, tracer: options.tracer })
      const declared = (scopes: Readonly<Record<string, string>> = {}) =>
        new Map(Object.entries(scopes).map(([method, scope]) => [method, guard.declare<unknown>(scope)]))
      return [route, { guard, asked: declared(route.scopes), advertised: declared(route.advertises) }]
    }),
  )
}

/** Door two stands at the service; asked here, it would refuse. */
const noPolicy: PolicyEngine = {
  revision: 'none',
  decide: () => ({ outcome: 'deny', reason: 'not_allowed' }),
}
