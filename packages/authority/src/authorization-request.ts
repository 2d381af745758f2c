import type { AuthenticationContext } from './account.ts'

export type ResponseMode = 'query' | 'form_post'

export type Prompt = 'none' | 'login' | 'consent' | 'select_account'

/** An authorization request that was judged: every member is valid for its client. */
export interface AuthorizationRequest {
  readonly client_id: string
  readonly redirect_uri: string
  readonly response_mode: ResponseMode
  readonly state?: string
  readonly nonce?: string
  /** All that is asked for, as the code will carry it. */
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  /** The same scopes by resource, OpenID Connect's own under the empty name: the shape of a grant. */
  readonly scopesByResource: Readonly<Record<string, readonly string[]>>
  readonly code_challenge: string
  readonly prompt: readonly Prompt[]
  /** Seconds since the last sign-in at most. */
  readonly max_age?: number
  readonly login_hint?: string
  /** The only subject the client will take (`id_token_hint`, or `sub` with a value in `claims`). */
  readonly subject?: string
  readonly acr?: RequestedContext
  readonly claims?: RequestedClaims
  /** RFC 9449 §10. */
  readonly dpop_jkt?: string
}

/** The authentication context asked for; `essential`: the client gets an error rather than a weaker one. */
export interface RequestedContext {
  readonly anyOf: readonly AuthenticationContext[]
  readonly essential: boolean
}

/** Names of claims asked for by the `claims` parameter (OpenID Connect Core §5.5). */
export interface RequestedClaims {
  readonly id_token?: readonly string[]
  readonly userinfo?: readonly string[]
}
