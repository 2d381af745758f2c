/** A refresh token. Stored as kind `refresh`, key its selector; used up by rotation. */
export interface RefreshToken {
  readonly secret_hash: string
  readonly family: string
  /** Position in the family, from 0. */
  readonly generation: number
  /** Unix seconds. */
  readonly issued_at: number
  /**
   * Selectors of the tokens before it whose sealed replies it ends when it is used, the newest last: the one it replaced.
   * Absent in a family's first.
   */
  readonly previous?: readonly string[]
}

/** The successor of a used refresh token, sealed. Stored as kind `refresh-reply`, key the used token's selector. */
export interface RefreshReply {
  readonly sealed: string
}
