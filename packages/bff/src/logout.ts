import type { BffContext } from './context.ts'
import { endSession, type OpenSession } from './session.ts'
import { revokeToken } from './token-request.ts'

/**
 * Signs the browser out here, revokes what its session held, and names the address where the user signs out at the authority too.
 *
 * @see OpenID Connect RP-Initiated Logout 1.0 §2, RFC 7009 §2.1
 */
export async function signOut(open: OpenSession, context: BffContext): Promise<{ location: string }> {
  await endSession(open, context)
  const { refreshToken, accessToken } = open.session.tokens
  const revoked = await revokeToken(refreshToken ?? accessToken, context)
  if (revoked !== 'revoked') context.log.warn('revocation_failed_at_sign_out', { ...revoked })
  const { end_session_endpoint } = await context.metadata()
  const parameters = new URLSearchParams({
    id_token_hint: open.session.idToken,
    client_id: context.settings.clientId,
    post_logout_redirect_uri: `${context.settings.origin}/`,
  })
  return { location: `${end_session_endpoint}?${parameters}` }
}
