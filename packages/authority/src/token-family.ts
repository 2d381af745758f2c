import type { NewRecord } from '@sallyport/store'

/**
 * All tokens of one sign-in by one client: what a replay kills. Stored as kind `family`, key `id`, index `subject`, `client_id`, `grant` and `session`.
 * Access tokens carry its id as the claim `family`.
 */
export interface TokenFamily {
  /** `fam_…`, sorts by time and says nothing. */
  readonly id: string
  readonly subject: string
  readonly client_id: string
  readonly grant?: string
  readonly session?: string
  /** All that was granted: OpenID Connect's scopes and the resources'. */
  readonly scope: readonly string[]
  readonly resources: readonly string[]
  /** Thumbprint of the DPoP key that the refresh tokens are bound to (public clients, RFC 9449 §5). */
  readonly jkt?: string
  /** Unix seconds. */
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  /** Names asked for by the `claims` parameter (OpenID Connect Core §5.5). */
  readonly claims?: { readonly id_token?: readonly string[]; readonly userinfo?: readonly string[] }
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds after which no refresh token of it works; rotation never extends it. */
  readonly expires_at: number
  /** Unix seconds. */
  readonly revoked_at?: number
  /** Its end is in the audit trail; until then, each who asks for the end writes it there. */
  readonly revocation_recorded?: boolean
}

/** No token of a family outlives its last refresh token by more: 900 s of access token, and clocks that differ. */
export const accessTokenAfterlifeSeconds = 1000

/** The family as a record, found by whom it belongs to; kept as long as any of its tokens could be replayed. */
export function familyRecord(family: TokenFamily): NewRecord<TokenFamily> {
  return {
    kind: 'family',
    key: family.id,
    value: family,
    expiresAt: family.expires_at + accessTokenAfterlifeSeconds,
    index: {
      subject: family.subject,
      client_id: family.client_id,
      ...(family.grant === undefined ? {} : { grant: family.grant }),
      ...(family.session === undefined ? {} : { session: family.session }),
    },
  }
}
