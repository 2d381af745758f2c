/** A request as the doors see it, whatever framework it came through. */
export interface DescribedRequest {
  readonly method: string
  /** Path and query as the caller sent them, before any rewriting. */
  readonly target: string
  /** Every `Authorization` header there was; frameworks that join repeated headers give the joined text. */
  readonly authorization: string | readonly string[] | undefined
  /** The `DPoP` header; several are given joined by a comma, which no proof contains. */
  readonly dpop: string | undefined
  /** The parsed body of a form, where the framework parsed one; else `undefined`. */
  readonly form: unknown
  /** The route's pattern (`/orders/:id`), or `undefined` where the framework does not tell it. */
  readonly route: string | undefined
  readonly requestId: string
  /** SHA-256 thumbprint of the client certificate of this connection, base64url (RFC 8705 §3.1). */
  readonly certificate: string | undefined
}
