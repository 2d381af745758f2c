import type { ProxyRoute } from '../settings.ts'

export type RouteRefusal = {
  readonly refused: 'path_not_plain' | 'route_unknown' | 'method_not_allowed'
  readonly expected: string
  readonly got: string
}

/** What no path of an API needs, and what two programs read differently: dot segments, empty segments, encoded separators, controls. */
const ambiguous = /(^|\/)\.{1,2}(\/|$)|\/\/|\\|%2e|%2f|%5c|%25|%00|#|[^\x21-\x7e]/i

/**
 * The address behind an allowed path, or why there is none. Paths are refused, not repaired: what we forward is what was judged.
 *
 * @see OAuth 2.0 for Browser-Based Applications §6.1.3.3, Proxy Restrictions
 */
export function proxyTarget(
  method: string,
  pathAndQuery: string,
  routes: readonly ProxyRoute[],
): { readonly url: string } | RouteRefusal {
  const [path = '', query] = splitOnce(pathAndQuery, '?')
  if (ambiguous.test(path))
    return { refused: 'path_not_plain', expected: 'a path without dot segments or encoded separators', got: path }
  const route = routes.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
  if (route === undefined)
    return { refused: 'route_unknown', expected: routes.map(({ prefix }) => prefix).join(', '), got: path }
  if (!route.methods.includes(method))
    return { refused: 'method_not_allowed', expected: route.methods.join(', '), got: method }
  return { url: route.upstream + path.slice(route.prefix.length) + (query === undefined ? '' : `?${query}`) }
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}
