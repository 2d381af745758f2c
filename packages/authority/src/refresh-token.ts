/** A refresh token. Stored as kind `refresh`, key its selector; used up by rotation. */
export interface RefreshToken {
  readonly secret_hash: string
  readonly family: string
  /** Position in the family, from 0. */
  readonly generation: number
  /** Unix seconds. */
  readonly issued_at: number
}
