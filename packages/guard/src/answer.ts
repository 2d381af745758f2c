import { type ChallengeFacts, challenge } from './challenge.ts'
import { errorCodes } from './error-codes.ts'
import type { GuardRefusal } from './guard-refusal.ts'

/** An HTTP answer as plain values; each adapter writes it in its framework's way. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Seconds until a caller should try again what could not be decided now (RFC 9110 §10.2.3). */
const retryAfterSeconds = 1

/**
 * Turns a refusal into what the caller may see: the standard's code, a problem document (RFC 9457) with title and hint,
 * and the challenge. An object that exists and belongs to somebody else answers exactly as one that does not exist.
 */
export function answer(refusal: GuardRefusal, facts: ChallengeFacts, requestId: string): Answer {
  const code = errorCodes[refusal.refused]
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Retry-After',
  }
  const authenticate = challenge(refusal, facts)
  if (authenticate !== undefined) headers['www-authenticate'] = authenticate
  if (refusal.dpopNonce !== undefined) headers['dpop-nonce'] = refusal.dpopNonce
  if (code.status === 503) headers['retry-after'] = String(retryAfterSeconds)
  const body = {
    type: `urn:sallyport:error:${refusal.refused}`,
    title: code.title,
    status: code.status,
    code: refusal.refused,
    door: code.door,
    ...('error' in code ? { error: code.error } : {}),
    detail: refusal.refused === 'not_found' ? code.hint : (refusal.hint ?? code.hint),
    ...(refusal.refused === 'insufficient_scope' ? { scope: facts.scope } : {}),
    request_id: requestId,
  }
  return { status: code.status, headers, body: JSON.stringify(body) }
}

/** The application's own failure, without a word about it. */
export function serverError(requestId: string): Answer {
  const title = 'Something went wrong on the side of this API.'
  const detail = 'Quote the request id when you report it.'
  const body = { type: 'urn:sallyport:error:server_error', title, status: 500, code: 'server_error', detail }
  return {
    status: 500,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: JSON.stringify({ ...body, request_id: requestId }),
  }
}
