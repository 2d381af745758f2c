import { publishedJwks } from '@sallyport/credentials'
import type { FastifyInstance } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { issuerPath, metadata, wellKnownPaths } from '../metadata.ts'
import { openToAll, sendPreflight } from './cross-origin.ts'

/** Well under a key's announcement, so that a verifier knows a key before it signs. */
const maxAgeSeconds = 300

/** The documents that everybody may read: metadata at every well-known place, and the keys (RFC 8414 §3, RFC 7517 §5). */
export function registerMetadata(app: FastifyInstance, context: AuthorityContext): void {
  const cached = `public, max-age=${maxAgeSeconds}, stale-if-error=3600`
  for (const path of wellKnownPaths(context.issuer)) {
    app.options(path, (request, reply) => sendPreflight(request, reply, 'GET'))
    app.get(path, async (_request, reply) => {
      const body = JSON.stringify(await metadata(context))
      return openToAll(reply).header('cache-control', cached).type('application/json; charset=utf-8').send(body)
    })
  }
  const jwks = `${issuerPath(context.issuer)}/jwks`
  app.options(jwks, (request, reply) => sendPreflight(request, reply, 'GET'))
  app.get(jwks, (_request, reply) => {
    const body = JSON.stringify(publishedJwks(context.keys.ring(), context.now()))
    return openToAll(reply).header('cache-control', cached).type('application/jwk-set+json').send(body)
  })
}
