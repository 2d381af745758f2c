import type { Account } from '../account.ts'
import type { AuthorityContext } from '../context.ts'
import type { Grant } from '../grant.ts'
import type { TokenError } from '../token-error.ts'
import type { TokenFamily } from '../token-family.ts'

/**
 * The user may still sign in and still allows the client: account enabled, its sessions not ended since, grant not revoked
 * and not narrowed below what the tokens hold (OAuth 2.1 §4.3.1, STANDARDS S31).
 */
export async function subjectAlive(
  family: Pick<TokenFamily, 'subject' | 'grant' | 'auth_time' | 'scope'>,
  context: Pick<AuthorityContext, 'store'>,
): Promise<Account | TokenError> {
  const account = (await context.store.peek<Account>('account', family.subject))?.value
  if (account === undefined || account.disabled)
    return over('account_disabled', 'an enabled account', account === undefined ? 'none' : 'a disabled one')
  if (account.sessions_valid_from !== undefined && (family.auth_time ?? 0) < account.sessions_valid_from)
    return over('sessions_ended', `a sign-in since ${account.sessions_valid_from}`, `${family.auth_time}`)
  if (family.grant === undefined) return account
  const grant = (await context.store.peek<Grant>('grant', family.grant))?.value
  if (grant === undefined || grant.revoked_at !== undefined)
    return over('grant_revoked', 'a grant in force', grant === undefined ? 'none' : 'a revoked one')
  const allowed = new Set(Object.values(grant.scopes).flat())
  const lost = family.scope.find(scope => !allowed.has(scope))
  return lost === undefined ? account : over('grant_narrowed', `a grant with ${lost}`, [...allowed].join(' '))
}

const over = (reason: string, expected: string, got: string): TokenError => ({
  error: 'invalid_grant',
  reason,
  rule: 'OAuth 2.1 §4.3.1',
  expected,
  got,
  hint: 'The sign-in is over. Start the authorization again.',
})
