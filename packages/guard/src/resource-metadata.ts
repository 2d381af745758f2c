/** What a protected resource says of itself (RFC 9728 §2). */
export interface ResourceFacts {
  readonly resource: string
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly dpopAlgorithms: readonly string[]
  readonly dpopRequired: boolean
}

/**
 * The RFC 9728 document. Empty lists are left out (§3.2); `offline_access` is a matter between client and issuer and
 * never listed.
 */
export function resourceMetadata(facts: ResourceFacts): Readonly<Record<string, unknown>> {
  const scopes = facts.scopes.filter(scope => scope !== 'offline_access').toSorted()
  return {
    resource: facts.resource,
    authorization_servers: [facts.issuer],
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: facts.dpopAlgorithms,
    ...(facts.dpopRequired ? { dpop_bound_access_tokens_required: true } : {}),
  }
}

/** Where the document is served: the well-known word goes between host and path (RFC 9728 §3.1). */
export function resourceMetadataPath(resource: string): string {
  const { pathname, search } = new URL(resource)
  return `/.well-known/oauth-protected-resource${pathname.startsWith('/') && pathname !== '/' ? pathname : ''}${search}`
}
