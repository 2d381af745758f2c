import { type KeyRing, publishedJwks } from '@sallyport/credentials'
import type { DirectAnswer, Listener } from '@sallyport/server'
import type { AuthorityContext } from '../context.ts'
import { issuerPath, metadata, wellKnownPaths } from '../metadata.ts'
import { answerPreflight, openToAll } from './cross-origin.ts'

/** Well under a key's announcement, so that a verifier knows a key before it signs. */
const maxAgeSeconds = 300
const cached = ['cache-control', `public, max-age=${maxAgeSeconds}, stale-if-error=3600`]

/** The documents that everybody may read: metadata at every well-known place, and the keys (RFC 8414 §3, RFC 7517 §5). */
export function registerMetadata({ direct }: Pick<Listener, 'direct'>, context: AuthorityContext): void {
  const document = oncePerSecond(context, async () =>
    published('application/json; charset=utf-8', await metadata(context)),
  )
  for (const path of wellKnownPaths(context.issuer)) {
    direct('OPTIONS', path, request => answerPreflight(request, 'GET'))
    direct('GET', path, document)
  }
  const jwks = `${issuerPath(context.issuer)}/jwks`
  direct('OPTIONS', jwks, request => answerPreflight(request, 'GET'))
  direct(
    'GET',
    jwks,
    oncePerSecond(context, () =>
      published('application/jwk-set+json; charset=utf-8', publishedJwks(context.keys.ring(), context.now())),
    ),
  )
}

const published = (type: string, document: object): DirectAnswer => ({
  status: 200,
  headers: [...openToAll, ...cached, 'content-type', type],
  body: JSON.stringify(document),
  isOpen: true,
})

/** Made anew when the second or the keys are others than at the last time: everybody asks for these documents. */
function oncePerSecond<T>(context: AuthorityContext, make: () => T): () => T {
  let made: { readonly at: number; readonly ring: KeyRing; readonly answer: T } | undefined
  return () => {
    const [at, ring] = [context.now(), context.keys.ring()]
    if (made?.at !== at || made.ring !== ring) made = { at, ring, answer: make() }
    return made.answer
  }
}
