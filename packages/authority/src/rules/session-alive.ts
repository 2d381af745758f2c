import type { AuthorityContext } from '../context.ts'
import type { Session } from '../session.ts'
import type { TokenError } from '../token-error.ts'

/** The browser session that a code came from was not ended meanwhile: a sign-out also stops what it had just begun. */
export async function sessionAlive(
  session: string,
  context: Pick<AuthorityContext, 'store'>,
): Promise<TokenError | undefined> {
  if ((await context.store.peek<Session>('session', session)) !== undefined) return undefined
  return {
    error: 'invalid_grant',
    reason: 'session_ended',
    rule: 'OAuth 2.1 §4.1.3',
    expected: 'a session that is still there',
    got: 'one that ended',
    hint: 'The sign-in is over. Start the authorization again.',
  }
}
