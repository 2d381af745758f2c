import type { Account } from './account.ts'

/** The claims that a scope asks for (OpenID Connect Core §5.4), as far as accounts have them. */
const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  profile: ['name', 'preferred_username'],
  email: ['email', 'email_verified'],
}

/** Every claim about a user that can be asked for, for the metadata (`claims_supported`). */
export const userClaimNames: readonly string[] = Object.values(claimsOfScope).flat()

/** The scope that asks for this claim; `undefined` for what is no claim about a user's profile. */
export function scopeOfClaim(name: string): string | undefined {
  return Object.entries(claimsOfScope).find(([, names]) => names.includes(name))?.[0]
}

/** The names that scopes and a `claims` request (Core §5.5) ask for together. */
export function askedClaims(scope: readonly string[], claims: readonly string[] = []): ReadonlySet<string> {
  return new Set([...scope.flatMap(name => claimsOfScope[name] ?? []), ...claims])
}

/** Those of the named claims that the account has; an absent one is left out, never null (Core §5.3.2). */
export function userClaims(account: Account, names: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const all: Readonly<Record<string, unknown>> = {
    name: account.name,
    preferred_username: account.username,
    email: account.email,
    email_verified: account.email === undefined ? undefined : (account.email_verified ?? false),
  }
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => names.has(name) && value !== undefined))
}
