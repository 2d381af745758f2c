import type { AuthorityContext } from './context.ts'
import { revokeFamilies } from './revoke.ts'
import { sessionAlive } from './rules/session-alive.ts'
import { subjectAlive } from './rules/subject-alive.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import type { TokenFamily } from './token-family.ts'

/**
 * A sign-out, a removed grant or a disabled account that came between a code's judgement and its commit ended every family
 * but this one, which was not there yet. It ends here, before its tokens are given to anybody.
 */
export async function endedMeanwhile(
  family: TokenFamily,
  requestId: string,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  const subject = await subjectAlive(family, context)
  const signedOut = family.session === undefined ? undefined : await sessionAlive(family.session, context)
  const ended = isTokenError(subject) ? subject : signedOut
  if (ended === undefined) return undefined
  const cause = { actor: 'system', reason: ended.reason, request_id: requestId }
  await revokeFamilies(context, { family: family.id }, cause)
  return ended
}
