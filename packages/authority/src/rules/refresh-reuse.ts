import { parseOpaqueToken } from '@sallyport/credentials'
import type { Stored } from '@sallyport/store'
import type { AuthorityContext } from '../context.ts'
import type { GrantRequest } from '../granted.ts'
import { openReply } from '../refresh-reply.ts'
import { lostReplySeconds, mayAskLater, type PresentedRefresh } from '../refresh-rotation.ts'
import type { RefreshReply, RefreshToken } from '../refresh-token.ts'
import { revokeFamilies } from '../revoke.ts'
import type { TokenError } from '../token-error.ts'
import type { TokenFamily } from '../token-family.ts'

/** A family rotates no more often than this within one window; more is no browser with tabs. */
const maxSteps = 1000

/**
 * A refresh token that was rotated already, shown again by the right client with the right key.
 *
 * - Within the window (30 s) of its rotation: the family's current token again, so tabs and lost replies cost nothing.
 * - Later, for a client that proves who it is or has the key, when the successor was never shown: that successor again, for
 *   a day.
 * - Everything else is a replay: the family ends with all its tokens (OAuth 2.1 §4.3.1, RFC 9700 §4.14.2).
 *
 * @see DECISIONS "Refresh"; STANDARDS S26 to S28
 */
export async function refreshReuse(
  presented: PresentedRefresh,
  family: TokenFamily,
  asked: GrantRequest,
  context: AuthorityContext,
): Promise<{ readonly kind: 'again'; readonly token: string } | TokenError> {
  const age = context.now() - (presented.stored.usedAt ?? 0)
  if (age <= context.settings.refreshReuseSeconds) {
    const current = await currentToken(presented.token, context)
    return current === undefined ? replyGone() : again(current, family, context)
  }
  if (age <= lostReplySeconds && mayAskLater(asked.client, family)) {
    const successor = await successorOf(presented.token, context)
    if (successor !== undefined && successor.stored.usedAt === undefined) return again(successor.token, family, context)
  }
  return endReplayed(presented, family, asked, context)
}

/** A token that was given already, unless its family was ended while this request was judged: its replies outlive it. */
async function again(
  token: string,
  family: TokenFamily,
  context: AuthorityContext,
): Promise<{ readonly kind: 'again'; readonly token: string } | TokenError> {
  const current = await context.store.peek<TokenFamily>('family', family.id)
  return current === undefined || current.value.revoked_at !== undefined ? overMeanwhile() : { kind: 'again', token }
}

/** A replay: the family ends with all its tokens. */
export async function endReplayed(
  presented: PresentedRefresh,
  family: TokenFamily,
  { client, request }: GrantRequest,
  context: AuthorityContext,
): Promise<TokenError> {
  const cause = { actor: client.client_id, reason: 'refresh_replayed', request_id: request.requestId }
  // Ended by somebody else while this request was judged: that is no replay of this client's.
  if ((await revokeFamilies(context, { family: family.id }, cause)) === 0) return overMeanwhile()
  return replayed(context.now() - (presented.stored.usedAt ?? 0))
}

/** Follows the sealed replies, each opened by the token before it, to the one that was not used. */
async function currentToken(presented: string, context: AuthorityContext): Promise<string | undefined> {
  let token = presented
  for (let step = 0; step < maxSteps; step++) {
    const successor = await successorOf(token, context)
    if (successor === undefined) return undefined
    if (successor.stored.usedAt === undefined) return successor.token
    token = successor.token
  }
  return undefined
}

async function successorOf(
  presented: string,
  context: AuthorityContext,
): Promise<{ readonly token: string; readonly stored: Stored<RefreshToken> } | undefined> {
  const selector = parseOpaqueToken(presented, 'rt')?.selector ?? ''
  const reply = await context.store.peek<RefreshReply>('refresh-reply', selector)
  const token = reply && openReply(presented, reply.value.sealed)
  const stored =
    token && (await context.store.peek<RefreshToken>('refresh', parseOpaqueToken(token, 'rt')?.selector ?? ''))
  return token && stored ? { token, stored } : undefined
}

const replayed = (age: number): TokenError => ({
  error: 'invalid_grant',
  reason: 'refresh_replayed',
  rule: 'OAuth 2.1 §4.3.1',
  expected: 'a refresh token not used before',
  got: `one used ${age} s ago; its family is revoked`,
  hint: 'This refresh token was used before, so the sign-in was ended. Start the authorization again.',
})

const overMeanwhile = (): TokenError => ({
  error: 'invalid_grant',
  reason: 'family_revoked',
  rule: 'OAuth 2.1 §4.3',
  expected: 'a live family',
  got: 'one that was revoked meanwhile',
  hint: 'The refresh token is unknown, expired, revoked or of another client. Start the authorization again.',
})

const replyGone = (): TokenError => ({
  error: 'invalid_grant',
  reason: 'reply_gone',
  rule: 'OAuth 2.1 §4.3.1',
  expected: 'a sealed reply',
  got: 'none: it is kept in no backup',
  hint: 'Start the authorization again.',
})
