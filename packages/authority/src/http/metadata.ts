import { type KeyRing, publishedJwks } from '@sallyport/credentials'
import type { FastifyInstance } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { issuerPath, metadata, wellKnownPaths } from '../metadata.ts'
import { openToAll, sendPreflight } from './cross-origin.ts'

/** Well under a key's announcement, so that a verifier knows a key before it signs. */
const maxAgeSeconds = 300

/** The documents that everybody may read: metadata at every well-known place, and the keys (RFC 8414 §3, RFC 7517 §5). */
export function registerMetadata(app: FastifyInstance, context: AuthorityContext): void {
  const cached = `public, max-age=${maxAgeSeconds}, stale-if-error=3600`
  const document = oncePerSecond(context, async () => JSON.stringify(await metadata(context)))
  for (const path of wellKnownPaths(context.issuer)) {
    app.options(path, (request, reply) => sendPreflight(request, reply, 'GET'))
    app.get(path, async (_request, reply) => {
      return openToAll(reply)
        .header('cache-control', cached)
        .type(json)
        .send(await document())
    })
  }
  const jwks = `${issuerPath(context.issuer)}/jwks`
  app.options(jwks, (request, reply) => sendPreflight(request, reply, 'GET'))
  const keys = oncePerSecond(context, () => JSON.stringify(publishedJwks(context.keys.ring(), context.now())))
  app.get(jwks, (_request, reply) => {
    return openToAll(reply).header('cache-control', cached).type('application/jwk-set+json').send(keys())
  })
}

const json = 'application/json; charset=utf-8'

/** Made anew when the second or the keys are others than at the last time: everybody asks for these documents. */
function oncePerSecond<T>(context: AuthorityContext, make: () => T): () => T {
  let made: { readonly at: number; readonly ring: KeyRing; readonly text: T } | undefined
  return () => {
    const [at, ring] = [context.now(), context.keys.ring()]
    if (made?.at !== at || made.ring !== ring) made = { at, ring, text: make() }
    return made.text
  }
}
