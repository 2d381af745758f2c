/** What a page may do beyond nothing. Every list is of origins (`https://shop.example`) or `'sha256-…'` hashes. */
export interface ContentSecurityPolicy {
  /** Where this page's forms may lead besides `'self'` (browsers check a form's redirect too); also `com.example.app:`. */
  readonly formAction?: readonly string[]
  /** Scripts by hash or origin; without any, the page runs none. `'self'` is allowed when `scriptSelf` is set. */
  readonly script?: readonly string[]
  readonly scriptSelf?: boolean
  /** Style sheets by hash or origin; `'self'` is always allowed. */
  readonly style?: readonly string[]
  /** Where scripts may connect; `'self'` when `scriptSelf` or any script is set. */
  readonly connect?: readonly string[]
  readonly image?: readonly string[]
}

const source =
  /^(?:https?:\/\/[a-z0-9.[\]:_-]+|'sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}'|data:|blob:|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:)$/

/**
 * A `Content-Security-Policy` value that starts from nothing, cannot be framed and has no base: what a page needs is
 * named.
 *
 * @throws RangeError for a source that is neither an origin nor a hash; the caller's bug, so that nothing can be smuggled in
 * @see CSP Level 3 §6
 */
export function contentSecurityPolicy(policy: ContentSecurityPolicy = {}): string {
  const scripts = [...(policy.scriptSelf === true ? ["'self'"] : []), ...checked(policy.script)]
  const connects = [...(scripts.length > 0 ? ["'self'"] : []), ...checked(policy.connect)]
  const directives: readonly (readonly [string, readonly string[]])[] = [
    ['default-src', ["'none'"]],
    ['script-src', scripts],
    ['style-src', ["'self'", ...checked(policy.style)]],
    ['img-src', ["'self'", ...checked(policy.image)]],
    ['font-src', ["'self'"]],
    ['connect-src', connects],
    ['form-action', ["'self'", ...checked(policy.formAction)]],
    ['base-uri', ["'none'"]],
    ['frame-ancestors', ["'none'"]],
  ]
  return directives
    .filter(([, sources]) => sources.length > 0)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')
}

/** The policy of an answer that is not a page: nothing at all. */
export const nothingAllowed = "default-src 'none'; frame-ancestors 'none'"

function checked(sources: readonly string[] = []): readonly string[] {
  for (const each of sources) {
    if (!source.test(each)) throw new RangeError(`${JSON.stringify(each)} is not a source of a content security policy`)
  }
  return sources
}
