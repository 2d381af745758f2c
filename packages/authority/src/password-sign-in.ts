import { findAccountByUsername } from './accounts.ts'
import type { AuthorityContext } from './context.ts'
import { countGuess, forgiveGuesses } from './guesses.ts'
import { maxPasswordBytes } from './rules/password.ts'
import type { Authentication } from './sessions.ts'

export type SignInRefusal =
  /** One text for a wrong password, an unknown user, a disabled account and one without a password. */
  { readonly refused: 'wrong_credentials' } | { readonly refused: 'too_many_guesses'; readonly waitSeconds: number }

/** Signs in with username and password; unknown users cost as much time as known ones (NIST SP 800-63B §5.2.2). */
export async function signInWithPassword(
  input: { readonly username: string; readonly password: string; readonly address: string; readonly browser: string },
  context: AuthorityContext,
): Promise<Authentication | SignInRefusal> {
  const counted = await countGuess(input, context)
  if (counted !== 'go') return { refused: 'too_many_guesses', waitSeconds: counted.waitSeconds }
  const account = await findAccountByUsername(context, input.username)
  const right = await context.passwords.verify(input.password.slice(0, maxPasswordBytes + 1), account?.password)
  if (account === undefined || !right || account.disabled) return { refused: 'wrong_credentials' }
  await forgiveGuesses(input, context)
  return { account, acr: 'urn:sallyport:acr:password', amr: ['pwd'] }
}
