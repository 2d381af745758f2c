import type { BffContext } from './context.ts'
import { endSession, type OpenSession, reopenSession, replaceSession } from './session.ts'
import { requestTokens } from './token-request.ts'

export type FreshSession =
  | { readonly open: OpenSession }
  | { readonly refused: 'session_ended' | 'authority_unavailable'; readonly got: string }

/** An access token is renewed when it has less than this left. */
const renewWithinSeconds = 20

/**
 * Makes `freshTokens`, which answers with a session whose access token still lives. However many tabs ask at once, one refresh is under way for a
 * session; processes that share a store meet at the version of its row. Only `invalid_grant` ends a session: an authority that is down or refuses
 * this client for another reason does not sign the user out.
 */
export function tokenRefresher(context: BffContext) {
  const underWay = new Map<string, Promise<FreshSession>>()

  /** `stale` forces a refresh, for a token that was refused before its time. */
  return function freshTokens(open: OpenSession, stale = false): Promise<FreshSession> {
    if (!stale && open.session.tokens.accessExpiresAt - context.now() > renewWithinSeconds)
      return Promise.resolve({ open })
    const flying = underWay.get(open.id)
    if (flying !== undefined) return flying
    const flight = refresh(open, stale, context).finally(() => underWay.delete(open.id))
    underWay.set(open.id, flight)
    return flight
  }
}

async function refresh(asked: OpenSession, stale: boolean, context: BffContext): Promise<FreshSession> {
  const open = await reopenSession(asked, context)
  if (open === undefined) return { refused: 'session_ended', got: 'no session' }
  const renewed = open.session.tokens.accessToken !== asked.session.tokens.accessToken
  if (renewed || (!stale && open.session.tokens.accessExpiresAt - context.now() > renewWithinSeconds)) return { open }
  const { tokens } = open.session
  if (tokens.refreshToken === undefined) return ended(open, 'no refresh token', context)
  const answer = await requestTokens(
    { grant_type: 'refresh_token', refresh_token: tokens.refreshToken },
    tokens.dpopKey,
    context,
  )
  if ('refused' in answer) {
    if (answer.refused === 'invalid_grant') return ended(open, 'invalid_grant', context)
    context.log.warn('refresh_failed', { refused: answer.refused, got: answer.got })
    return { refused: 'authority_unavailable', got: answer.refused }
  }
  const next = {
    ...open.session,
    tokens: {
      ...tokens,
      accessToken: answer.access_token,
      accessExpiresAt: context.now() + answer.expires_in,
      refreshToken: answer.refresh_token ?? tokens.refreshToken,
    },
  }
  const written = await replaceSession(open, next, context)
  const current = await reopenSession(open, context)
  if (current === undefined) return { refused: 'session_ended', got: 'signed out meanwhile' }
  return { open: written ? current : { ...current, session: { ...current.session, tokens: next.tokens } } }
}

async function ended(open: OpenSession, got: string, context: BffContext): Promise<FreshSession> {
  await endSession(open, context)
  context.log.info('session_ended', { got })
  return { refused: 'session_ended', got }
}
