import type { TokenError } from '../token-error.ts'
import type { TokenRequest } from '../token-request.ts'

const accessTokenTypes: ReadonlySet<string> = new Set([
  'urn:ietf:params:oauth:token-type:access_token',
  'urn:ietf:params:oauth:token-type:jwt',
])

export interface ExchangeRequest {
  readonly subjectToken: string
  /** Every `resource` and `audience` named. */
  readonly targets: readonly string[]
}

/**
 * The parameters of an exchange: an access token in, an access token out, nobody acting for somebody else (RFC 8693 §2.1,
 * STANDARDS S59).
 */
export function exchangeRequest(request: TokenRequest): ExchangeRequest | TokenError {
  const { parameters } = request
  const subjectToken = parameters.get('subject_token')
  if (subjectToken === undefined) return malformed('subject_token', 'none', 'Send the subject_token.')
  const subjectType = parameters.get('subject_token_type')
  if (subjectType === undefined || !accessTokenTypes.has(subjectType))
    return malformed([...accessTokenTypes].join(' or '), subjectType ?? 'none', 'The subject_token is an access token.')
  if (parameters.has('actor_token') || parameters.has('actor_token_type'))
    return malformed('no actor', 'actor_token or actor_token_type', 'Delegation is not part of this exchange.')
  const requested = parameters.get('requested_token_type')
  if (requested !== undefined && !accessTokenTypes.has(requested))
    return malformed([...accessTokenTypes].join(' or '), requested, 'Ask for an access token.')
  const audience = parameters.get('audience')
  return { subjectToken, targets: [...request.resources, ...(audience === undefined ? [] : [audience])] }
}

const malformed = (expected: string, got: string, hint: string): TokenError => ({
  error: 'invalid_request',
  reason: 'exchange_malformed',
  rule: 'RFC 8693 §2.1',
  expected,
  got: got.slice(0, 256),
  hint,
})
