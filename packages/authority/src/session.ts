import type { AuthenticationContext } from './account.ts'

/**
 * A browser's sign-in at the authority. Stored sealed as kind `session`, key the selector of the cookie's opaque token, index `account`.
 */
export interface Session {
  readonly id: string
  /**
   * What tokens and families call this sign-in (`sid`, OpenID Connect Front-Channel Logout §3). It stays when the same person
   * signs in again, where `id` and the cookie change.
   */
  readonly sid: string
  /** Hash of the cookie's secret half. */
  readonly secret_hash: string
  readonly account: string
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds of the last time the user proved who they are. */
  readonly auth_time: number
  readonly acr: AuthenticationContext
  /** RFC 8176 values. */
  readonly amr: readonly string[]
  /** What the sessions list shows to recognise a device. */
  readonly user_agent: string
  /** Clients that got tokens in this session, ended with it at logout. */
  readonly clients: readonly string[]
}
