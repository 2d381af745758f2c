import { type AuthenticationContext, authenticationContexts } from '../account.ts'
import type { RequestedContext } from '../authorization-request.ts'
import type { ClaimsParameter } from './claims-parameter.ts'

/**
 * The authentication context a request asks for: `acr` of the `claims` parameter, essential or not, before the voluntary
 * `acr_values`. Contexts we do not know are dropped; an essential request that knows none of ours cannot be met.
 *
 * @see OpenID Connect Core §5.5.1.1, §3.1.2.1; RFC 9470 §5
 */
export function requestedContext(
  acrValues: string | undefined,
  claim: ClaimsParameter['acr'],
): { readonly acr?: RequestedContext } {
  const essential = claim?.essential ?? false
  const asked = claim?.values ?? acrValues?.split(' ').filter(value => value !== '') ?? []
  const anyOf = asked.filter(isContext)
  return asked.length === 0 || (anyOf.length === 0 && !essential) ? {} : { acr: { anyOf, essential } }
}

/** Whether a sign-in meets a request: a stronger context satisfies a weaker one. */
export function meetsContext(reached: AuthenticationContext, requested: RequestedContext | undefined): boolean {
  if (requested === undefined) return true
  return requested.anyOf.some(each => strength(reached) >= strength(each))
}

const isContext = (value: string): value is AuthenticationContext => strength(value) >= 0

const strength = (value: string): number => (authenticationContexts as readonly string[]).indexOf(value)
