/** The result of door one: who is calling, proven by a token and, where it is bound, by its proof. */
export interface Caller {
  /** `sub`, as issued: `user_…` or `client_…` from our authority, so the two never collide. */
  readonly subject: string
  /** Whether a person or a machine is the subject (a machine's `sub` belongs to its `client_id`). */
  readonly subjectType: 'user' | 'client'
  readonly clientId: string
  readonly issuer: string
  readonly audience: readonly string[]
  readonly scopes: ReadonlySet<string>
  readonly roles: readonly string[]
  /** `jti`; for an opaque token the identifier that revocation uses. */
  readonly tokenId: string
  /** The token family, whose revocation ends this token too; `undefined` for issuers that have none. */
  readonly family: string | undefined
  /** The name of the key that signed the token, by which a key's revocation reaches it; none for opaque tokens. */
  readonly keyId?: string | undefined
  /** Unix seconds. */
  readonly issuedAt: number
  /** Unix seconds. */
  readonly expiresAt: number
  /** Unix seconds of the subject's last sign-in (RFC 9068 §2.2.1). */
  readonly authTime: number | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[]
  readonly sender: Sender
  /** Every claim of the token, for what is not typed above. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** How the token is bound to whoever sends it. */
export type Sender =
  | { readonly kind: 'bearer' }
  | { readonly kind: 'dpop'; readonly jkt: string }
  | { readonly kind: 'mtls'; readonly x5tS256: string }
