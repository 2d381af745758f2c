import type { FastifyReply, FastifyRequest } from 'fastify'
import { findClient } from '../clients.ts'
import type { AuthorityContext } from '../context.ts'

const allowHeaders = 'authorization, content-type, dpop'
/** What a browser client has to read (RFC 9449 §8, STANDARDS S47). */
const exposeHeaders = 'WWW-Authenticate, DPoP-Nonce'

/** For documents that everybody may read: metadata, keys. */
export function openToAll(reply: FastifyReply): FastifyReply {
  return reply.header('access-control-allow-origin', '*')
}

/**
 * Answers a preflight. It says nothing about a client, because none is named yet: the answer to the request itself does,
 * and without that a browser keeps it from the page. No credentials are allowed anywhere.
 */
export function sendPreflight(request: FastifyRequest, reply: FastifyReply, methods: string): FastifyReply {
  const { origin } = request.headers
  if (origin !== undefined && origin !== 'null') {
    reply.header('access-control-allow-origin', origin).header('access-control-allow-methods', methods)
    reply.header('access-control-allow-headers', allowHeaders).header('access-control-max-age', '600')
  }
  return reply.code(204).header('vary', 'origin').header('cache-control', 'no-store').send()
}

/**
 * Lets a page of the client's own origin read the answer, refusals included: an origin is a client's when one of its
 * redirect URIs is there. Another origin gets the answer without the header, and the log says which would do.
 *
 * @see Fetch §3.2; STANDARDS S8 (never at the authorization endpoint), S47
 */
export async function openToClient(
  request: FastifyRequest,
  reply: FastifyReply,
  clientId: string | undefined,
  context: AuthorityContext,
): Promise<void> {
  const { origin } = request.headers
  if (origin === undefined) return
  reply.header('vary', 'origin')
  const client = clientId === undefined ? undefined : await findClient(context, clientId)
  const origins = (client?.redirect_uris ?? []).map(webOrigin)
  if (origins.includes(origin)) {
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposeHeaders)
    return
  }
  if (origin === new URL(context.issuer).origin) return
  context.log.warn('origin_unlisted', {
    expected: origins.join(' '),
    got: origin.slice(0, 256),
    request_id: request.id,
  })
}

function webOrigin(redirectUri: string): string | undefined {
  if (!URL.canParse(redirectUri)) return undefined
  const { origin, protocol } = new URL(redirectUri)
  return protocol === 'http:' || protocol === 'https:' ? origin : undefined
}
