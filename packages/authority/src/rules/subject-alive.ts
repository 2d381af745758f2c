import type { PeekedWith, References, Stored } from '@sallyport/store'
import type { Account } from '../account.ts'
import type { Grant } from '../grant.ts'
import type { TokenError } from '../token-error.ts'
import type { TokenFamily } from '../token-family.ts'

/** Who tokens are about, and what allows them. */
export interface LiveSubject {
  readonly account: Account
  readonly grant: Stored<Grant> | undefined
}

/** What tokens hold of their user. */
type Held = Pick<TokenFamily, 'subject' | 'grant' | 'auth_time' | 'scope'>

/** Account and grant, as a code and a family name them. */
export const subjectReferences = {
  account: { kind: 'account', path: ['subject'] },
  grant: { kind: 'grant', path: ['grant'] },
} as const satisfies References

export type SubjectAlong = {
  readonly account: PeekedWith<Account> | undefined
  readonly grant: PeekedWith<Grant> | undefined
}

/**
 * The user may still sign in and still allows the client: account enabled, its sessions not ended since, grant not revoked
 * and not narrowed below what the tokens hold (OAuth 2.1 §4.3.1, STANDARDS S31). Both come along with a code or a family, by
 * `subjectReferences`.
 */
export function judgeSubject(
  family: Held,
  account: Stored<Account> | undefined,
  grant: Stored<Grant> | undefined,
): LiveSubject | TokenError {
  if (account === undefined || account.value.disabled)
    return over('account_disabled', 'an enabled account', account === undefined ? 'none' : 'a disabled one')
  const { sessions_valid_from: validFrom } = account.value
  if (validFrom !== undefined && (family.auth_time ?? 0) < validFrom)
    return over('sessions_ended', `a sign-in since ${validFrom}`, `${family.auth_time}`)
  if (family.grant !== undefined && (grant === undefined || grant.value.revoked_at !== undefined))
    return over('grant_revoked', 'a grant in force', grant === undefined ? 'none' : 'a revoked one')
  const allowed = grant && Object.values(grant.value.scopes)
  const lost = allowed && family.scope.find(scope => !allowed.some(scopes => scopes.includes(scope)))
  return lost === undefined
    ? { account: account.value, grant }
    : over('grant_narrowed', `a grant with ${lost}`, allowed?.flat().join(' ') ?? '')
}

const over = (reason: string, expected: string, got: string): TokenError => ({
  error: 'invalid_grant',
  reason,
  rule: 'OAuth 2.1 §4.3.1',
  expected,
  got,
  hint: 'The sign-in is over. Start the authorization again.',
})
