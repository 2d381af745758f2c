/** Which pages may call through the gateway from a browser. */
export interface CorsPolicy {
  /** Exact origins, such as `https://shop.example`; there is no wildcard. */
  readonly origins: ReadonlySet<string>
}

const exposed =
  'WWW-Authenticate, DPoP-Nonce, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Location, Link, ETag'
const allowedHeaders =
  'Authorization, DPoP, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, X-Request-Id, Traceparent'
const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const preflightSeconds = 600

/**
 * The headers every answer to a page carries, errors included, so that the page can read why it was refused. Credentials
 * are not allowed: callers prove themselves with tokens, and cookies go nowhere.
 *
 * @see Fetch §3.3; RFC 9449 §7.1 and §8 on exposing
 */
export function corsHeaders(policy: CorsPolicy, origin: string | undefined): Readonly<Record<string, string>> {
  if (policy.origins.size === 0) return {}
  if (origin === undefined || !policy.origins.has(origin)) return { vary: 'Origin' }
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposed,
    'cross-origin-resource-policy': 'cross-origin',
  }
}

/** The answer to a preflight of a listed origin (Fetch §4.8). */
export function preflightHeaders(policy: CorsPolicy, origin: string): Readonly<Record<string, string>> {
  return {
    ...corsHeaders(policy, origin),
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    'access-control-allow-methods': allowedMethods,
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': String(preflightSeconds),
  }
}
