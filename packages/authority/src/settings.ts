/** What an operator may set for an authority. All durations are seconds. */
export interface AuthoritySettings {
  /** 300 to 900 (RFC 9700 §2.2.1, DESIGN row 3). */
  readonly accessTokenTtlSeconds: number
  /** At most 600 (OAuth 2.1 §4.1.2). */
  readonly codeTtlSeconds: number
  readonly idTokenTtlSeconds: number
  /** From the first token of a family; rotation never extends it. */
  readonly refreshTokenTtlSeconds: number
  /** How long a rotated token is answered with the family's current one. */
  readonly refreshReuseSeconds: number
  /** A browser session's length. */
  readonly sessionTtlSeconds: number
  /** How long a phantom token lives at most (RFC 8693, for the gateway alone). */
  readonly phantomTokenTtlSeconds: number
  /** How far a clock may be off. */
  readonly leewaySeconds: number
  /** Sign-ins and passkey challenges that one network may begin in a minute. */
  readonly interactionsPerMinute: number
  /** Requests to the token, introspection and revocation endpoint that one network may have refused in a minute. */
  readonly refusedTokenRequestsPerMinute: number
}
