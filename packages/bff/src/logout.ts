import type { BffContext } from './context.ts'
import { endSession, type OpenSession } from './session.ts'
import { authorityEndpoint, revokeToken } from './token-request.ts'

/**
 * Signs the browser out here, revokes what its session held, and names the address where the user signs out at the authority too.
 * The authority's session is named by its `sid`: an ID token in that address would be a token in the browser's history.
 *
 * @returns the front page when the authority cannot be asked: here the user is signed out in any case
 * @see OpenID Connect RP-Initiated Logout 1.0 §2 (`logout_hint`), RFC 7009 §2.1
 */
export async function signOut(open: OpenSession, context: BffContext): Promise<{ location: string }> {
  await discardSession(open, context)
  const endpoint = await authorityEndpoint('end_session_endpoint', context)
  if (endpoint === undefined) return { location: '/' }
  const parameters = new URLSearchParams({
    client_id: context.settings.clientId,
    post_logout_redirect_uri: `${context.settings.origin}/`,
  })
  if (open.session.sid !== undefined) parameters.set('logout_hint', open.session.sid)
  return { location: `${endpoint}?${parameters}` }
}

/** Ends a session and revokes its tokens; what the authority does not hear dies by its own age. */
export async function discardSession(open: OpenSession, context: BffContext): Promise<void> {
  await endSession(open, context)
  const { refreshToken, accessToken } = open.session.tokens
  const revoked = await revokeToken(refreshToken ?? accessToken, context)
  if (revoked !== 'revoked') context.log.warn('revocation_failed', { ...revoked })
}
