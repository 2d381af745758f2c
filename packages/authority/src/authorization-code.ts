/** A one-time code, written by the authorization endpoint and taken by the token endpoint. Stored as kind `code`, key its selector. */
export interface AuthorizationCode {
  readonly secret_hash: string
  readonly client_id: string
  /** The token request may leave it out but not change it (OAuth 2.1 §10.2). */
  readonly redirect_uri: string
  readonly code_challenge: string
  /** All that was granted, space for space. */
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  readonly nonce?: string
  readonly subject: string
  readonly session: string
  readonly grant: string
  /** The family's id, fixed now so that a replay knows what to revoke. */
  readonly family: string
  /** Unix seconds. */
  readonly auth_time: number
  readonly acr: string
  readonly amr: readonly string[]
  readonly claims?: { readonly id_token?: readonly string[]; readonly userinfo?: readonly string[] }
  /** RFC 9449 §10: the code works only with this key. */
  readonly dpop_jkt?: string
  /** Unix seconds. */
  readonly issued_at: number
}
