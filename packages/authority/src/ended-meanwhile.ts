import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { revokeFamilies } from './revoke.ts'
import { sessionAlive } from './rules/session-alive.ts'
import { subjectAlive } from './rules/subject-alive.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import type { TokenFamily } from './token-family.ts'

/**
 * A sign-out, a removed grant, a disabled account or client that came between a code's judgement and its commit ended every
 * family but this one, which was not there yet. It ends here, before its tokens are given to anybody. The client is read
 * anew: another process may have disabled it while this one remembered it, and it may come back.
 */
export async function endedMeanwhile(
  family: TokenFamily,
  requestId: string,
  context: AuthorityContext,
): Promise<TokenError | undefined> {
  const [subject, signedOut, client] = await Promise.all([
    subjectAlive(family, context),
    family.session === undefined ? undefined : sessionAlive(family.session, context),
    context.store.peek<Client>('client', family.client_id),
  ])
  const isGone = client === undefined || client.value.disabled
  const ended = isTokenError(subject) ? subject : (signedOut ?? (isGone ? clientGone(family.client_id) : undefined))
  if (ended === undefined) return undefined
  const cause = { actor: 'system', reason: ended.reason, request_id: requestId }
  await revokeFamilies(context, { family: family.id }, cause)
  return ended
}

const clientGone = (got: string): TokenError => ({
  error: 'invalid_grant',
  reason: 'client_disabled',
  rule: 'OAuth 2.1 §3.2.4',
  expected: 'an enabled client',
  got,
  hint: 'The application was switched off meanwhile.',
})
