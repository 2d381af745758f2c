import type { DirectAnswer, DirectRequest } from '@sallyport/server'
import { findClient } from '../clients.ts'
import type { AuthorityContext } from '../context.ts'

/** For documents that everybody may read: metadata, keys. Name and value in turn, as all headers here. */
export const openToAll: readonly string[] = ['access-control-allow-origin', '*']

const allowHeaders = 'authorization, content-type, dpop'
/** What a browser client has to read (RFC 9449 §8, STANDARDS S47). */
export const exposedHeaders: readonly string[] = ['access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce']

/**
 * Answers a preflight. It says nothing about a client, because none is named yet: the answer to the request itself does,
 * and without that a browser keeps it from the page. No credentials are allowed anywhere.
 */
export function answerPreflight(request: DirectRequest, methods: string): DirectAnswer {
  const { origin } = request.headers
  const headers = ['vary', 'origin', 'cache-control', 'no-store']
  if (origin !== undefined && origin !== 'null')
    headers.push(
      ...['access-control-allow-origin', origin, 'access-control-allow-methods', methods],
      ...['access-control-allow-headers', allowHeaders, 'access-control-max-age', '600'],
    )
  return { status: 204, headers, body: '' }
}

const none: readonly string[] = []

/**
 * The headers that let a page of the client's own origin read the answer, refusals included: an origin is a client's when
 * one of its redirect URIs is there. Another origin gets the answer without them, and the log says which would do.
 *
 * @see Fetch §3.2; STANDARDS S8 (never at the authorization endpoint), S47
 */
export async function openToClient(
  request: DirectRequest,
  clientId: string | undefined,
  context: AuthorityContext,
): Promise<readonly string[]> {
  const { origin } = request.headers
  if (origin === undefined) return none
  const client = clientId === undefined ? undefined : await findClient(context, clientId)
  const origins = (client?.redirect_uris ?? []).map(webOrigin)
  if (origins.includes(origin)) return ['vary', 'origin', 'access-control-allow-origin', origin, ...exposedHeaders]
  if (origin !== new URL(context.issuer).origin)
    context.log.warn('origin_unlisted', {
      expected: origins.join(' '),
      got: origin.slice(0, 256),
      request_id: request.id,
    })
  return ['vary', 'origin']
}

function webOrigin(redirectUri: string): string | undefined {
  if (!URL.canParse(redirectUri)) return undefined
  const { origin, protocol } = new URL(redirectUri)
  return protocol === 'http:' || protocol === 'https:' ? origin : undefined
}
