import type { RequestedClaims } from '../authorization-request.ts'
import type { Client } from '../client.ts'
import { scopeOfClaim } from '../user-claims.ts'

/**
 * A claim asked for by name gives what its scope gives, so it counts as that scope: the user is asked, the grant remembers
 * it, and taking it back takes the claim. What this client may not ask for as a scope is left out, as the standard allows.
 *
 * @param scope  the request's `scope`; without `openid` in it no claim is ever answered
 * @see OpenID Connect Core §5.4, §5.5.1, §3.1.2.4
 */
export function claimScopes(
  scope: string | undefined,
  claims: RequestedClaims | undefined,
  client: Pick<Client, 'scopes'>,
): { readonly scope: string | undefined; readonly claims?: RequestedClaims } {
  if (claims === undefined) return { scope }
  const mayAsk = (name: string): boolean => {
    const needed = scopeOfClaim(name)
    return needed === undefined || client.scopes.includes(needed)
  }
  const idToken = claims.id_token?.filter(mayAsk) ?? []
  const userinfo = claims.userinfo?.filter(mayAsk) ?? []
  const kept = { ...(idToken.length > 0 && { id_token: idToken }), ...(userinfo.length > 0 && { userinfo }) }
  if (scope?.split(' ').includes('openid') !== true) return { scope, claims: kept }
  const needed = [...idToken, ...userinfo].map(scopeOfClaim).filter(name => name !== undefined)
  return { scope: [scope, ...new Set(needed)].join(' '), claims: kept }
}
