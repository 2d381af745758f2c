import type { FastifyInstance } from 'fastify'

/**
 * Remembers which methods each path has, for the answer to one it has not (RFC 9110 §15.5.6). Routes registered before
 * this call are not seen.
 *
 * @returns the methods of the routes that match a path, sorted; none when no route does
 */
export function rememberMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly pattern: URLPattern; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: new URLPattern({ pathname: url === '' ? '/' : url }), methods: [method].flat() })
  })
  return path => {
    const pathname = path.split('?')[0] ?? '/'
    const matching = routes.filter(({ pattern }) => pattern.test({ pathname }))
    return [...new Set(matching.flatMap(({ methods }) => methods))].sort()
  }
}
