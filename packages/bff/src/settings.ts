/** What an operator sets for one browser back end. */
export interface BffSettings {
  /** The back end's public origin, which the browser sees: `https://shop.example`. */
  readonly origin: string
  /** The authority, byte for byte as its metadata names itself. */
  readonly issuer: string
  readonly clientId: string
  /** The most a page may ask for at sign-in; `openid` is always among them. */
  readonly scope: readonly string[]
  /** What is asked for when the page names nothing: the rest is for the moment that needs it (incremental consent). */
  readonly usualScope: readonly string[]
  /** Resources that the tokens are for (RFC 8707). */
  readonly resources: readonly string[]
  readonly routes: readonly ProxyRoute[]
  /** Seconds a browser session lives at most, however busy it is. */
  readonly sessionTtlSeconds: number
}

/** One entry of the allow-list: what the page may reach, and nothing beside it (OAuth 2.0 for Browser-Based Applications §6.1.3.3). */
export interface ProxyRoute {
  /** Path at this origin, without a trailing slash: `/api/orders`. */
  readonly prefix: string
  /** Where it goes: `http://localhost:4100/orders`. */
  readonly upstream: string
  readonly methods: readonly string[]
}
