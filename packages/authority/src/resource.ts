import type { SigningAlgorithm } from '@sallyport/credentials'

/** An API that tokens are for, by its identifier (RFC 8707 §2). Stored as kind `resource`, key `resource`. */
export interface Resource {
  /** An absolute URI without a fragment, compared byte for byte. */
  readonly resource: string
  /** As shown on the consent page. */
  readonly name: string
  readonly token_format: 'opaque' | 'jwt'
  readonly signing_alg: SigningAlgorithm
  readonly scopes: readonly ResourceScope[]
  /** Seconds, 300 to 900; absent: the authority's own. */
  readonly access_token_ttl_seconds?: number
  /** Only sender-constrained tokens are issued for this resource. */
  readonly require_sender_constraint: boolean
  /** Whether tokens carry the user's `roles` (RFC 9068 §2.2.3.1). */
  readonly include_roles: boolean
  /** Clients that may introspect tokens of this resource (RFC 7662 §2.1): the API itself, the gateway. */
  readonly introspection_clients: readonly string[]
  /** Where the gateway may swap tokens of this resource to: the phantom token's audience (RFC 8693). */
  readonly phantom?: { readonly client_id: string; readonly audience: string }
}

export interface ResourceScope {
  readonly scope: string
  /** A plain sentence for the consent page: "See your orders". */
  readonly description: string
  /** Scopes that this one contains. */
  readonly implies?: readonly string[]
  readonly require_sender_constraint?: boolean
}
