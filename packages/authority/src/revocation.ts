import { parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { Client } from './client.ts'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorityContext } from './context.ts'
import { presentedAccessToken } from './presented-access-token.ts'
import type { RefreshToken } from './refresh-token.ts'
import { type RevocationCause, revokeAccessToken, revokeFamilies } from './revoke.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import type { TokenFamily } from './token-family.ts'
import { recordRefusal } from './token-records.ts'
import type { TokenRequest } from './token-request.ts'

/**
 * Revocation (RFC 7009): a client ends its own token. A refresh token ends its family, used ones included; an access token,
 * opaque or JWT, ends alone. Unknown, expired and ended tokens are as good as revoked (§2.2); another client's token is
 * refused (§2.1). The hint is only a hint: a wrong one changes nothing.
 *
 * @returns `revoked` when the end is on disk, in the feed and in the audit trail
 */
export async function revoke(request: TokenRequest, context: AuthorityContext): Promise<'revoked' | TokenError> {
  const client = await authenticateClient(request, context)
  const answer = isTokenError(client) ? client : await revokeFor(client, request, context)
  if (answer !== 'revoked') recordRefusal('revocation', answer, request, context)
  return answer
}

async function revokeFor(
  client: Client,
  request: TokenRequest,
  context: AuthorityContext,
): Promise<'revoked' | TokenError> {
  const token = request.parameters.get('token')
  if (token === undefined) return tokenMissing()
  const cause = { actor: client.client_id, reason: 'revoked_by_client', request_id: request.requestId }
  const family = await familyOfRefresh(token, context)
  if (family !== undefined) return revokeFamily(family, client, cause, context)
  const presented = await presentedAccessToken(token, context)
  if ('dead' in presented) return 'revoked'
  if (presented.claims.client_id !== client.client_id) return foreignToken(client)
  await revokeAccessToken(context, presented.claims, cause)
  return 'revoked'
}

async function familyOfRefresh(token: string, context: AuthorityContext): Promise<TokenFamily | undefined> {
  const shown = parseOpaqueToken(token, 'rt')
  const stored = shown && (await context.store.peek<RefreshToken>('refresh', shown.selector))
  if (!shown || !stored || !sameSecret(stored.value.secret_hash, shown.secretHash)) return undefined
  return (await context.store.peek<TokenFamily>('family', stored.value.family))?.value
}

async function revokeFamily(
  family: TokenFamily,
  client: Client,
  cause: RevocationCause,
  context: AuthorityContext,
): Promise<'revoked' | TokenError> {
  if (family.client_id !== client.client_id) return foreignToken(client)
  await revokeFamilies(context, { family: family.id }, cause)
  return 'revoked'
}

const tokenMissing = (): TokenError => ({
  error: 'invalid_request',
  reason: 'token_missing',
  rule: 'RFC 7009 §2.1',
  expected: 'token',
  got: 'none',
  hint: 'Send the token.',
})

const foreignToken = (client: Client): TokenError => ({
  error: 'unauthorized_client',
  reason: 'token_of_other_client',
  rule: 'RFC 7009 §2.1',
  expected: 'a token issued to this client',
  got: client.client_id,
  hint: 'A client can revoke its own tokens only.',
})
