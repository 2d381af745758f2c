import type { DirectAnswer } from '@sallyport/server'
import type { AuthorityContext } from '../context.ts'
import type { TokenError } from '../token-error.ts'

/** Status codes of RFC 6749 §5.2 and, where a size or outage is the matter, of HTTP. */
function statusOf(refused: TokenError): number {
  if (refused.error === 'invalid_client') return 401
  if (refused.reason === 'rate_limited') return 429
  if (refused.reason === 'body_too_large') return 413
  if (refused.error === 'temporarily_unavailable') return 503
  return refused.error === 'server_error' ? 500 : 400
}

/** One array for all, so that the listener puts it together with its own once. */
const uncachedHeaders: readonly string[] = [
  ...['cache-control', 'no-store', 'pragma', 'no-cache'],
  ...['content-type', 'application/json; charset=utf-8'],
]

/** Every answer of these endpoints may hold a token, so none is stored (OAuth 2.1 §3.2.3, STANDARDS S15). */
export function uncached(status: number, body: object, more: readonly string[] = []): DirectAnswer {
  const headers = more.length === 0 ? uncachedHeaders : [...uncachedHeaders, ...more]
  return { status, headers, body: JSON.stringify(body) }
}

/** An answer with headers more. */
export const withHeaders = (answer: DirectAnswer, more: readonly string[]): DirectAnswer =>
  more.length === 0 ? answer : { ...answer, headers: [...answer.headers, ...more] }

/**
 * An error as RFC 6749 §5.2 has it; the caller gets code, hint, our reason and the request's id, the log has the rest. 401
 * names the scheme (RFC 9110 §15.5.2, STANDARDS S17); a nonce challenge brings the nonce (RFC 9449 §8, S44).
 */
export function tokenErrorAnswer(refused: TokenError, requestId: string, context: AuthorityContext): DirectAnswer {
  const status = statusOf(refused)
  const more: string[] = []
  if (status === 401) more.push('www-authenticate', `Basic realm="${context.issuer}", charset="UTF-8"`)
  if (refused.error === 'use_dpop_nonce') more.push('dpop-nonce', context.dpopNonces.issue(context.now()))
  const body = {
    error: refused.error,
    error_description: safeDescription(refused.hint),
    ...(refused.error === 'invalid_client' ? {} : { reason: refused.reason }),
    request_id: requestId,
  }
  return uncached(status, body, more)
}

/** RFC 6749 §5.2: `error_description` holds %x20-21 / %x23-5B / %x5D-7E. */
const safeDescription = (hint: string): string => hint.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?')
