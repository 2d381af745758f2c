import type { Client } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import { nearestName } from '../nearest-name.ts'
import type { Resource } from '../resource.ts'
import { findResource } from '../resources.ts'
import { isTokenError, type TokenError } from '../token-error.ts'
import { openidScopes, scopesOf, scopeTokens, withImplied } from './scope.ts'

/** What one access token is for. */
export interface TokenTarget {
  /** `undefined`: userinfo alone, because only OpenID Connect's scopes were granted. */
  readonly resource: Resource | undefined
  readonly scope: readonly string[]
}

/**
 * Picks the resource and scopes of an access token out of what was granted (RFC 8707 §2.2): one resource a token, the
 * granted ones only, no wider scope (OAuth 2.1 §4.3.1), and nothing that the client has lost since (STANDARDS S30, S31).
 *
 * @param granted  all that the code or family holds
 * @param asked    the request's `resource` values and, where the grant has one, its `scope`
 */
export async function tokenTarget(
  client: Client,
  granted: { readonly scope: readonly string[]; readonly resources: readonly string[] },
  asked: { readonly resources: readonly string[]; readonly scope: string | undefined },
  context: Pick<AuthorityContext, 'store'>,
): Promise<TokenTarget | TokenError> {
  const identifier = oneResource(granted.resources, [...new Set(asked.resources)])
  if (typeof identifier === 'object') return identifier
  const resource =
    identifier !== undefined && client.resources.includes(identifier)
      ? await findResource(context, identifier)
      : undefined
  if (identifier !== undefined && resource === undefined)
    return target(
      'resource_lost',
      'a resource that this client may ask for',
      identifier,
      'The client lost this resource.',
    )
  const here = granted.scope.filter(
    scope => openidScopes.includes(scope) || (resource !== undefined && scopesOf(resource, [scope]).length > 0),
  )
  const wanted = asked.scope === undefined ? here : scopeTokens(asked.scope)
  if (isTokenError(wanted)) return wanted
  const wider = wanted.find(scope => !here.includes(scope))
  if (wider !== undefined) return widerScope(wider, granted.scope, here)
  const allowed = withImplied(client.scopes, resource === undefined ? [] : [resource])
  const lost = wanted.find(scope => !allowed.includes(scope))
  if (lost !== undefined || wanted.length === 0) return lostScope(lost, asked.scope !== undefined)
  return { resource, scope: wanted }
}

function oneResource(granted: readonly string[], named: readonly string[]): string | undefined | TokenError {
  const [first, second] = named
  if (second !== undefined)
    return target('one_resource_a_token', 'one resource', `${named.length}`, 'Ask for one resource a token.')
  if (first === undefined) return granted[0]
  if (granted.includes(first)) return first
  const nearest = nearestName(first, granted)
  return target(
    'resource_not_granted',
    granted.join(' ') || 'none',
    first.slice(0, 256),
    `This resource was not granted.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
  )
}

const target = (reason: string, expected: string, got: string, hint: string): TokenError => ({
  error: 'invalid_target',
  reason,
  rule: 'RFC 8707 §2.2',
  expected,
  got,
  hint,
})

function widerScope(scope: string, granted: readonly string[], here: readonly string[]): TokenError {
  const elsewhere = granted.includes(scope)
  const nearest = nearestName(scope, here)
  return {
    error: 'invalid_scope',
    reason: elsewhere ? 'scope_of_other_resource' : 'scope_not_granted',
    rule: 'OAuth 2.1 §4.3.1',
    expected: here.join(' ') || 'none',
    got: scope,
    hint: elsewhere
      ? `The scope ${scope} was granted for another resource; name that one.`
      : `The scope ${scope} was not granted.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
  }
}

/** Without a scope named the whole grant is asked for, and only `invalid_grant` tells a client to start again. */
const lostScope = (scope: string | undefined, named: boolean): TokenError => ({
  error: named || scope === undefined ? 'invalid_scope' : 'invalid_grant',
  reason: scope === undefined ? 'scope_none_here' : 'scope_lost',
  rule: 'OAuth 2.1 §4.3.1',
  expected: 'a scope that this client may still ask for',
  got: scope ?? 'none granted for this resource',
  hint:
    scope === undefined
      ? 'No scope was granted for this resource.'
      : `This client may no longer ask for the scope ${scope}. Start the authorization again.`,
})
