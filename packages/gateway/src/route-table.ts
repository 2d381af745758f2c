/** One way through the gateway. */
export interface GatewayRoute {
  /** Path prefix from outside, on whole segments: `/orders` covers `/orders` and `/orders/1`, not `/orders2`. */
  readonly prefix: string
  /** What takes the prefix's place: `http://localhost:4300/orders`. */
  readonly upstream: string
  /** Identifier that tokens from outside are for (RFC 8707). */
  readonly resource: string
  /** Identifier of the service itself: audience of the phantom token; its own tokens are taken from outside as well. */
  readonly audience: string
  /** Scopes asked here already, by method (`*` for the others). The service asks again: this is never the only defence. */
  readonly scopes?: Readonly<Record<string, string>>
  /** Scopes named in challenges and metadata without being asked here, by method: so clients know what to request. */
  readonly advertises?: Readonly<Record<string, string>>
  /** Paths that need no token, each with its method, and where they are inside. */
  readonly public?: readonly PublicPath[]
}

export interface PublicPath {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Exact path from outside, such as `/orders/openapi.json`. */
  readonly path: string
  /** Exact path at the upstream's origin, such as `/openapi.json`. */
  readonly upstreamPath: string
}

/** Where a request goes. */
export interface RouteMatch {
  readonly route: GatewayRoute
  /** Where the service is: scheme, host and port. */
  readonly origin: string
  /** Path inside, without the query. */
  readonly path: string
  /** Whether it goes there without a token. */
  readonly public: boolean
}

export interface RouteTable {
  readonly routes: readonly GatewayRoute[]
  find(method: string, path: string): RouteMatch | undefined
}

/**
 * The longest prefix wins, whatever the order they are written in.
 *
 * @throws Error naming the route whose prefix or upstream is wrong
 */
export function routeTable(routes: readonly GatewayRoute[]): RouteTable {
  const sorted = routes.map(checked).toSorted((a, b) => b.prefix.length - a.prefix.length)
  const seen = new Set<string>()
  for (const { prefix } of sorted) {
    if (seen.has(prefix)) throw new Error(`gateway: two routes have the prefix ${prefix}`)
    seen.add(prefix)
  }
  const ways = sorted.map(wayOf)
  return {
    routes: sorted,
    find(method, path) {
      const way = ways.find(({ route }) => covers(route.prefix, path))
      if (way === undefined) return undefined
      const { route, origin } = way
      const open = route.public?.find(one => one.path === path && isSameMethod(one.method, method))
      if (open !== undefined) return { route, origin, path: open.upstreamPath, public: true }
      const rest = route.prefix === '/' ? path : path.slice(route.prefix.length)
      return { route, origin, path: way.path + rest || '/', public: false }
    },
  }
}

/** A route with its upstream taken apart once. */
interface Way {
  readonly route: GatewayRoute
  readonly origin: string
  /** Without a slash at its end. */
  readonly path: string
}

function wayOf(route: GatewayRoute): Way {
  const { origin, pathname } = new URL(route.upstream)
  return { route, origin, path: pathname.replace(/\/$/, '') }
}

function covers(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}

function isSameMethod(allowed: string, method: string): boolean {
  return method === allowed || (allowed === 'GET' && method === 'HEAD')
}

function checked(route: GatewayRoute): GatewayRoute {
  const { prefix, upstream } = route
  if (!/^\/(?:[\w\-.~]+(?:\/[\w\-.~]+)*)?$/.test(prefix)) {
    throw new Error(`gateway: a prefix is a plain path without a slash at its end; got ${JSON.stringify(prefix)}`)
  }
  const url = URL.parse(upstream)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error(
      `gateway: the upstream of ${prefix} is an http(s) address without query; got ${JSON.stringify(upstream)}`,
    )
  }
  for (const open of route.public ?? []) {
    if (!covers(prefix, open.path)) throw new Error(`gateway: the public path ${open.path} lies outside ${prefix}`)
  }
  return route
}
