import type { AccessTokenClaims } from '@sallyport/credentials'
import type { AuditRecord } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'
import type { TokenError } from './token-error.ts'
import type { TokenRequest } from './token-request.ts'

/** What the audit trail says of a token that is given. No token is in it. */
export function grantOnRecord(
  grantType: string,
  claims: AccessTokenClaims,
  request: TokenRequest,
  context: AuthorityContext,
): AuditRecord {
  const { sub, aud, scope, jti, family, cnf, exp } = claims
  return {
    at: context.now(),
    tenant: context.tenant,
    actor: claims.client_id,
    action: 'token.grant',
    target: sub,
    outcome: 'done',
    request_id: request.requestId,
    detail: { grant_type: grantType, aud, scope, jti, family, exp, sender: cnf === undefined ? 'bearer' : 'dpop' },
  }
}

/** Tells the operator what the caller is not told: which rule, what was expected, what came. Neither holds a secret. */
export function recordRefusal(
  endpoint: string,
  refused: TokenError,
  request: Pick<TokenRequest, 'requestId'>,
  context: Pick<AuthorityContext, 'log'>,
): void {
  const { error, reason, rule, expected, got } = refused
  context.log.warn(`${endpoint}_refused`, { error, reason, rule, expected, got, request_id: request.requestId })
}
