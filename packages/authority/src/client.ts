import type { PublicJwk, SigningAlgorithm } from '@sallyport/credentials'

/**
 * An application that asks for tokens. Nothing is granted by default: grant types, redirect URIs, scopes and resources are
 * each listed. Wire names are those of RFC 7591 §2. Stored as kind `client`, key `client_id`.
 */
export interface Client {
  readonly client_id: string
  readonly client_name: string
  /** Who publishes the application, as shown on the consent page. */
  readonly publisher?: string
  readonly client_uri?: string
  readonly application_type: 'web' | 'native'
  readonly token_endpoint_auth_method: ClientAuthenticationMethod
  /** SHA-256 of each live secret; two while a secret is being replaced. */
  readonly secrets: readonly ClientSecret[]
  readonly jwks?: { readonly keys: readonly PublicJwk[] }
  readonly grant_types: readonly GrantType[]
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris: readonly string[]
  /** The scopes that may be asked for, of whatever resource. */
  readonly scopes: readonly string[]
  /** Identifiers of the resources that tokens may be asked for (RFC 8707); the first is used when none is named. */
  readonly resources: readonly string[]
  /** Tokens only bound to a DPoP key (RFC 9449 §5.2 `dpop_bound_access_tokens`). */
  readonly dpop_bound_access_tokens: boolean
  /** Proofs at the token endpoint must carry our nonce (RFC 9449 §8). */
  readonly require_dpop_nonce: boolean
  /** False: refresh tokens stay as they are; only for confidential or sender-constrained clients. */
  readonly refresh_token_rotation: boolean
  /** `implied`: an operator's own application, whose users are not asked. */
  readonly consent: 'ask' | 'implied'
  readonly require_signed_introspection?: boolean
  /** Of ID tokens (OpenID Connect Registration §2); absent: ES256. */
  readonly id_token_signed_response_alg?: SigningAlgorithm
  readonly disabled: boolean
  /** Unix seconds. */
  readonly created_at: number
}

export type ClientAuthenticationMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

export type GrantType =
  | 'authorization_code'
  | 'refresh_token'
  | 'client_credentials'
  | 'urn:ietf:params:oauth:grant-type:token-exchange'

export interface ClientSecret {
  readonly hash: string
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds after which it is refused. */
  readonly expires_at?: number
}

/** The subject of a client's own tokens: no client can choose a `client_id` that makes it a user's (RFC 9068 §5, RFC 9700 §4.15). */
export const clientSubject = (clientId: string): string => `client_${clientId}`

/** Whether the client proves who it is (OAuth 2.1 §2.1). */
export const isConfidential = (client: Client): boolean => client.token_endpoint_auth_method !== 'none'
