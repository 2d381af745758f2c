import { type DirectAnswer, type DirectRequest, type Listener, readForm } from '@sallyport/server'
import type { AuthorityContext } from '../context.ts'
import { issuerPath } from '../metadata.ts'
import { type UserinfoRefusal, type UserinfoRequest, userinfo } from '../userinfo.ts'
import { answerPreflight, exposedHeaders, openToClient } from './cross-origin.ts'
import { headerValues } from './token-request.ts'
import { uncached } from './token-response.ts'

/** Userinfo over HTTP, GET and POST (OpenID Connect Core §5.3.1). */
export function registerUserinfo({ direct }: Pick<Listener, 'direct'>, context: AuthorityContext): void {
  const path = `${issuerPath(context.issuer)}/userinfo`
  direct('OPTIONS', path, request => answerPreflight(request, 'GET, POST'))
  direct('GET', path, request => answerUserinfo(request, context))
  direct('POST', path, request => answerUserinfo(request, context))
}

async function answerUserinfo(request: DirectRequest, context: AuthorityContext): Promise<DirectAnswer> {
  const answer = await userinfo(received(request, context), context)
  if (!('status' in answer)) return uncached(200, answer.claims, await openToClient(request, answer.clientId, context))
  context.log.warn('userinfo_refused', { error: answer.error, reason: answer.reason, request_id: request.id })
  return refusal(answer, request, context)
}

function received(request: DirectRequest, context: AuthorityContext): UserinfoRequest {
  const isPost = request.method === 'POST'
  const form = isPost ? readForm(request.body, request.headers['content-type']) : undefined
  return {
    method: isPost ? 'POST' : 'GET',
    url: `${context.issuer}/userinfo`,
    authorization: request.headers.authorization,
    bodyToken: form === undefined || 'refused' in form ? undefined : form.fields.get('access_token'),
    proofs: headerValues(request.rawHeaders, 'dpop'),
    requestId: request.id,
  }
}

/**
 * RFC 6750 §3, RFC 9449 §7.1: the header names the scheme that would do. Any page may read a refusal, it holds nothing of
 * anybody; otherwise a browser client would see a network error where a nonce is asked for.
 */
function refusal(refused: UserinfoRefusal, request: DirectRequest, context: AuthorityContext): DirectAnswer {
  const { origin } = request.headers
  const more = [...exposedHeaders]
  if (origin !== undefined && origin !== 'null') more.push('access-control-allow-origin', origin, 'vary', 'origin')
  const hint = refused.hint.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")
  const parameters = [
    `realm="${context.issuer}"`,
    ...(refused.scheme === 'DPoP' ? ['algs="ES256 PS256 RS256 EdDSA"'] : []),
    ...(refused.error === undefined ? [] : [`error="${refused.error}"`, `error_description="${hint}"`]),
    ...(refused.error === 'insufficient_scope' ? ['scope="openid"'] : []),
  ]
  if (refused.status !== 400) more.push('www-authenticate', `${refused.scheme} ${parameters.join(', ')}`)
  if (refused.error === 'use_dpop_nonce') more.push('dpop-nonce', context.dpopNonces.issue(context.now()))
  const body = {
    error: refused.error ?? 'invalid_token',
    error_description: hint,
    reason: refused.reason,
    request_id: request.id,
  }
  return uncached(refused.status, body, more)
}
