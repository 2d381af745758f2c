import { accessTokenHash, createDpopProof } from '@sallyport/credentials'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Dispatcher, request as send } from 'undici'
import type { BffContext } from '../context.ts'
import type { SessionTokens } from '../session.ts'

/** What of the page's request goes on; its cookies and everything else stay here. */
const requestHeaders = [
  'accept',
  'accept-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
] as const

/** What of the API's answer comes back; it can set no cookie at our origin. */
const responseHeaders = [
  'allow',
  'content-language',
  'content-type',
  'etag',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
] as const

const upstreamTimeoutMs = 20_000

/** Sends one call of the page to the API behind it, with the session's token and a fresh proof of its key (RFC 9449 §7.1). */
export async function callUpstream(
  request: FastifyRequest,
  url: string,
  tokens: SessionTokens,
  context: BffContext,
): Promise<Dispatcher.ResponseData> {
  const first = await attempt(request, url, tokens, undefined, context)
  const nonce = first.headers['dpop-nonce']
  const challenged =
    first.statusCode === 401 && String(first.headers['www-authenticate']).includes('error="use_dpop_nonce"')
  if (!challenged || typeof nonce !== 'string') return first
  await first.body.dump()
  return attempt(request, url, tokens, nonce, context)
}

/** Whether the API refused the token itself, which by its age should live (RFC 6750 §3.1); a refused proof or scope is another matter. */
export const diedEarly = ({ statusCode, headers }: Dispatcher.ResponseData): boolean =>
  statusCode === 401 && String(headers['www-authenticate']).includes('error="invalid_token"')

/** Streams the API's answer to the page. */
export function relay(upstream: Dispatcher.ResponseData, reply: FastifyReply): FastifyReply {
  reply.code(upstream.statusCode)
  for (const name of responseHeaders) {
    const value = upstream.headers[name]
    if (value !== undefined) reply.header(name, value)
  }
  return reply.send(upstream.body)
}

function attempt(
  request: FastifyRequest,
  url: string,
  tokens: SessionTokens,
  nonce: string | undefined,
  context: BffContext,
): Promise<Dispatcher.ResponseData> {
  const proof = createDpopProof(tokens.dpopKey, {
    htm: request.method,
    htu: url,
    iat: context.now(),
    jti: Buffer.from(context.random(16)).toString('base64url'),
    ath: accessTokenHash(tokens.accessToken),
    ...(nonce === undefined ? {} : { nonce }),
  })
  const headers: Record<string, string> = {
    authorization: `DPoP ${tokens.accessToken}`,
    dpop: proof,
    'x-request-id': request.id,
  }
  for (const name of requestHeaders) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const body = Buffer.isBuffer(request.body) ? request.body : null
  const method = request.method as Dispatcher.HttpMethod
  const sent = (more: Readonly<Record<string, string>>) =>
    send(url, {
      method,
      headers: { ...headers, ...more },
      body,
      headersTimeout: upstreamTimeoutMs,
      bodyTimeout: upstreamTimeoutMs,
    })
  if (context.call === undefined) return sent({})
  return context.call({ method, url: new URL(url), send: sent, status: answer => answer.statusCode })
}
