import type { Client } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import { nearestName } from '../nearest-name.ts'
import type { Resource } from '../resource.ts'
import { findResource } from '../resources.ts'
import { isTokenError, type TokenError } from '../token-error.ts'

/** OpenID Connect's own scopes (Core §3.1.2.1, §5.4, §11); they belong to no resource. */
export const openidScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

export interface ScopeRequest {
  readonly client: Client
  /** The parameter as received; `undefined` where it was left out. */
  readonly scope: string | undefined
  /** Each `resource` parameter as received (RFC 8707 §2). */
  readonly resources: readonly string[]
  /** Whether a person is there to be identified, so that OpenID Connect's scopes make sense. */
  readonly user: boolean
}

export interface ResolvedScopes {
  /** What is asked for, each once, in the order asked; scopes that others imply follow. */
  readonly scope: readonly string[]
  readonly resources: readonly Resource[]
  /** The same by resource identifier, OpenID Connect's under the empty name: the shape of `Grant.scopes`. */
  readonly byResource: Readonly<Record<string, readonly string[]>>
}

/**
 * Decides which scopes of which resources a request asks for, at the authorization and the token endpoint alike.
 * An unknown or unlisted scope is `invalid_scope`, an unknown or unlisted resource `invalid_target`, each with the nearest
 * right name: nothing is dropped silently (STANDARDS S74).
 *
 * Where no resource is named, the client's first one is meant, unless only OpenID Connect's scopes are asked for: then the
 * token is for userinfo alone. Where no scope is named, all are meant that the client may ask of that resource; the response
 * says so (RFC 6749 §3.3).
 */
export async function resolveScopes(
  context: Pick<AuthorityContext, 'store'>,
  request: ScopeRequest,
): Promise<ResolvedScopes | TokenError> {
  const { client } = request
  const asked = request.scope === undefined ? undefined : scopeTokens(request.scope)
  if (asked !== undefined && isTokenError(asked)) return asked
  const own = openidScopes.filter(scope => asked?.includes(scope))
  const onlyOwn = asked !== undefined && own.length === asked.length
  const named = [...new Set(request.resources)]
  const first = client.resources[0]
  const meant = named.length > 0 || onlyOwn || first === undefined ? named : [first]

  const resources: Resource[] = []
  for (const identifier of meant) {
    const resource = client.resources.includes(identifier) ? await findResource(context, identifier) : undefined
    if (resource === undefined) return unknownResource(identifier, client)
    resources.push(resource)
  }
  const defined = new Set(resources.flatMap(resource => resource.scopes.map(({ scope }) => scope)))
  const granted = asked ?? client.scopes.filter(scope => defined.has(scope))
  for (const scope of granted) {
    const known = defined.has(scope) || (request.user && openidScopes.includes(scope))
    if (!known || !client.scopes.includes(scope)) return await unknownScope(scope, request, known, defined, context)
  }
  if (granted.length === 0) return noScope(client)
  return spread(granted, resources)
}

/** The scopes of a parameter, each once, or why it is none (RFC 6749 §3.3). */
export function scopeTokens(scope: string): readonly string[] | TokenError {
  const tokens = scope.split(' ').filter(token => token !== '')
  const bad = tokens.find(token => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(token))
  if (bad !== undefined || tokens.length === 0 || tokens.length > 200)
    return {
      error: 'invalid_scope',
      reason: 'scope_malformed',
      rule: 'RFC 6749 §3.3',
      expected: 'scope names separated by one space',
      got: bad === undefined ? `${tokens.length} names` : JSON.stringify(bad.slice(0, 64)),
      hint: 'Send scope names separated by spaces.',
    }
  return [...new Set(tokens)]
}

/** Those of `scopes` that this resource defines. */
export function scopesOf(resource: Resource, scopes: readonly string[]): readonly string[] {
  return scopes.filter(scope => resource.scopes.some(defined => defined.scope === scope))
}

/** The scopes and all that they imply, in order (STANDARDS S63: broader scopes contain narrower ones). */
export function withImplied(scopes: readonly string[], resources: readonly Resource[]): readonly string[] {
  const all = new Set(scopes)
  // A Set's iteration also visits what is added while it runs: implied scopes may imply others.
  for (const name of all)
    for (const resource of resources)
      for (const implied of resource.scopes.find(defined => defined.scope === name)?.implies ?? []) all.add(implied)
  return [...all]
}

function spread(granted: readonly string[], resources: readonly Resource[]): ResolvedScopes {
  const scope = withImplied(granted, resources)
  const own = scope.filter(name => openidScopes.includes(name))
  const byResource: Record<string, readonly string[]> = own.length > 0 ? { '': own } : {}
  for (const resource of resources) byResource[resource.resource] = scopesOf(resource, scope)
  return { scope, resources, byResource }
}

function unknownResource(identifier: string, client: Client): TokenError {
  const nearest = nearestName(identifier, client.resources)
  return {
    error: 'invalid_target',
    reason: 'resource_unknown',
    rule: 'RFC 8707 §2',
    expected: client.resources.join(' ') || 'no resource is listed for this client',
    got: identifier.slice(0, 256),
    hint:
      nearest === undefined
        ? 'This client may not ask for this resource; an administrator lists it for the client.'
        : `This client may not ask for this resource. Did you mean ${nearest}?`,
  }
}

async function unknownScope(
  scope: string,
  request: ScopeRequest,
  known: boolean,
  defined: ReadonlySet<string>,
  context: Pick<AuthorityContext, 'store'>,
): Promise<TokenError> {
  const allowed = request.client.scopes.filter(
    name => defined.has(name) || (request.user && openidScopes.includes(name)),
  )
  const refused = {
    error: 'invalid_scope',
    rule: 'RFC 6749 §3.3',
    expected: allowed.join(' ') || 'none',
    got: scope,
  } as const
  if (known)
    return {
      ...refused,
      reason: 'scope_not_allowed',
      hint: `This client may not ask for the scope ${scope}; an administrator lists it for the client.`,
    }
  if (!request.user && openidScopes.includes(scope))
    return { ...refused, reason: 'scope_needs_user', hint: `The scope ${scope} is about a user; this grant has none.` }
  for (const identifier of request.client.resources) {
    const resource = await findResource(context, identifier)
    if (resource && scopesOf(resource, [scope]).length > 0)
      return {
        ...refused,
        reason: 'scope_of_other_resource',
        hint: `The scope ${scope} belongs to ${identifier}; name it with the resource parameter.`,
      }
  }
  const nearest = nearestName(scope, [...allowed, ...defined])
  return {
    ...refused,
    reason: 'scope_unknown',
    hint:
      nearest === undefined
        ? `The scope ${scope} is unknown.`
        : `The scope ${scope} is unknown. Did you mean ${nearest}?`,
  }
}

const noScope = (client: Client): TokenError => ({
  error: 'invalid_scope',
  reason: 'scope_missing',
  rule: 'RFC 6749 §3.3',
  expected: client.scopes.join(' ') || 'no scope is listed for this client',
  got: 'none',
  hint: 'Name at least one scope.',
})
