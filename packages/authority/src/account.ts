/**
 * A person who signs in. Stored as kind `account`, key `id`, index `username`.
 * Passkeys are records of kind `passkey`, recovery codes one-time records of kind `recovery-code`, each with index `account`.
 */
export interface Account {
  /** `user_…`: also the subject of this person's tokens. */
  readonly id: string
  readonly username: string
  readonly name?: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly roles: readonly string[]
  /** The password's hash as a PHC string (`$argon2id$…`); absent: no password sign-in. */
  readonly password?: string
  readonly disabled: boolean
  /** Unix seconds. */
  readonly created_at: number
  /** Unix seconds; sessions that began before are over. */
  readonly sessions_valid_from?: number
}

/** Authentication context classes, weakest first; a stronger one satisfies a weaker request (OpenID Connect Core §2 `acr`). */
export const authenticationContexts = ['urn:sallyport:acr:password', 'urn:sallyport:acr:passkey'] as const

export type AuthenticationContext = (typeof authenticationContexts)[number]
