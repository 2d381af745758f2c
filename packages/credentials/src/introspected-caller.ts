import { readAccessTokenClaims } from './access-token.ts'
import type { Caller } from './caller.ts'
import { judgeCaller, type PresentedToken, type RevocationView } from './judge-caller.ts'
import { refuseAudience, refuseIssuer } from './jwt.ts'
import { refuseTimes } from './jwt-times.ts'
import { isJsonObject } from './strict-json.ts'
import { type AccessTokenRefusal, callerOf, type ExpectedToken } from './verify-access-token.ts'

/**
 * Door one for an opaque token: judges what the issuer's introspection says of it by the rules of `verifyAccessToken`.
 * The response must name the same claims as a JWT access token; `iss` may be left out, because the issuer itself answered.
 *
 * @returns the caller, or a refusal; `token_inactive` when the issuer knows no such live token (RFC 7662 §2.2)
 * @throws nothing, whatever the response
 */
export function callerFromIntrospection(
  response: unknown,
  presented: PresentedToken,
  expected: ExpectedToken,
  context: { readonly nowSeconds: number; readonly revocations: RevocationView },
): Caller | AccessTokenRefusal {
  if (!isJsonObject(response) || typeof response.active !== 'boolean')
    return { refused: 'malformed', rule: 'RFC 7662 §2.2', expected: 'a JSON object with active', got: typeof response }
  if (!response.active) {
    const hint = 'The token expired or was revoked, or is not for this API: get a new one.'
    return { refused: 'token_inactive', rule: 'RFC 7662 §2.2', expected: 'an active token', got: 'active false', hint }
  }
  const members = { iss: expected.issuer, ...response }
  const leewaySeconds = expected.leewaySeconds ?? 5
  const read =
    refuseIssuer(members, expected.issuer) ??
    refuseAudience(members, { audience: expected.resource }) ??
    refuseTimes(members, { nowSeconds: context.nowSeconds, leewaySeconds }) ??
    readAccessTokenClaims(members)
  if ('refused' in read) return read
  const caller = callerOf(read.claims, undefined)
  return judgeCaller(caller, presented, { ...context, leewaySeconds }) ?? caller
}
