import { readForm } from '@sallyport/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorityContext } from '../context.ts'
import { issuerPath } from '../metadata.ts'
import { type UserinfoRefusal, type UserinfoRequest, userinfo } from '../userinfo.ts'
import { openToClient, sendPreflight } from './cross-origin.ts'
import { headerValues } from './token-request.ts'
import { sendUncached } from './token-response.ts'

/** Userinfo over HTTP, GET and POST (OpenID Connect Core §5.3.1). */
export function registerUserinfo(app: FastifyInstance, context: AuthorityContext): void {
  const path = `${issuerPath(context.issuer)}/userinfo`
  app.options(path, (request, reply) => sendPreflight(request, reply, 'GET, POST'))
  app.route({
    method: ['GET', 'POST'],
    url: path,
    handler: async (request, reply) => {
      const answer = await userinfo(received(request, context), context)
      if ('status' in answer) {
        context.log.warn('userinfo_refused', { error: answer.error, reason: answer.reason, request_id: request.id })
        reply.header('access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce')
        return sendRefusal(request, reply, answer, context)
      }
      await openToClient(request, reply, answer.clientId, context)
      return sendUncached(reply, 200, answer.claims)
    },
  })
}

function received(request: FastifyRequest, context: AuthorityContext): UserinfoRequest {
  const body = request.method === 'POST' && request.body instanceof Uint8Array ? request.body : undefined
  const form = body === undefined ? undefined : readForm(body, request.headers['content-type'])
  return {
    method: request.method === 'POST' ? 'POST' : 'GET',
    url: `${context.issuer}/userinfo`,
    authorization: request.headers.authorization,
    bodyToken: form === undefined || 'refused' in form ? undefined : form.fields.get('access_token'),
    proofs: headerValues(request.raw.rawHeaders, 'dpop'),
    requestId: request.id,
  }
}

/**
 * RFC 6750 §3, RFC 9449 §7.1: the header names the scheme that would do. Any page may read a refusal, it holds nothing of
 * anybody; otherwise a browser client would see a network error where a nonce is asked for.
 */
function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  refused: UserinfoRefusal,
  context: AuthorityContext,
): FastifyReply {
  const { origin } = request.headers
  if (origin !== undefined && origin !== 'null')
    reply.header('access-control-allow-origin', origin).header('vary', 'origin')
  const hint = refused.hint.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")
  const parameters = [
    `realm="${context.issuer}"`,
    ...(refused.scheme === 'DPoP' ? ['algs="ES256 PS256 RS256 EdDSA"'] : []),
    ...(refused.error === undefined ? [] : [`error="${refused.error}"`, `error_description="${hint}"`]),
    ...(refused.error === 'insufficient_scope' ? ['scope="openid"'] : []),
  ]
  if (refused.status !== 400) reply.header('www-authenticate', `${refused.scheme} ${parameters.join(', ')}`)
  if (refused.error === 'use_dpop_nonce') reply.header('dpop-nonce', context.dpopNonces.issue(context.now()))
  const error = refused.error ?? 'invalid_token'
  return sendUncached(reply, refused.status, {
    error,
    error_description: hint,
    reason: refused.reason,
    request_id: request.id,
  })
}
