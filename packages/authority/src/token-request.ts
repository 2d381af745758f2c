/** A request of a client to the token, introspection or revocation endpoint, read from its bytes by `http/token-request.ts`. */
export interface TokenRequest {
  /** Parameters sent once; an empty one counts as left out (OAuth 2.1 §3.2). */
  readonly parameters: ReadonlyMap<string, string>
  /** Each `resource` parameter (RFC 8707 §2), the only one that may repeat. */
  readonly resources: readonly string[]
  /** The `Authorization` header as received; never logged. */
  readonly authorization: string | undefined
  /** Each `DPoP` header; more than one is refused (RFC 9449 §4.3). */
  readonly proofs: readonly string[]
  /** The endpoint's own public URL: what `htu` must name (RFC 9449 §4.3). */
  readonly url: string
  readonly requestId: string
}
