/** A refresh token. Stored as kind `refresh`, key its selector; used up by rotation. */
export interface RefreshToken {
  readonly secret_hash: string
  readonly family: string
  /** Position in the family, from 0. */
  readonly generation: number
  /** Unix seconds. */
  readonly issued_at: number
  /** Selector of the token it replaced, whose sealed reply ends when this one is used. */
  readonly previous?: string
}

/** The successor of a used refresh token, sealed. Stored as kind `refresh-reply`, key the used token's selector, index `family`. */
export interface RefreshReply {
  readonly family: string
  readonly sealed: string
}
