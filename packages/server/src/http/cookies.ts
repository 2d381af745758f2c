/** A cookie that only this host can set, for every path of it, over a secure channel (RFC 6265bis §4.1.3.2). */
export type HostCookieName = `__Host-${string}`

export interface HostCookieOptions {
  readonly sameSite: 'Strict' | 'Lax'
  /** Seconds until the browser forgets it; left out, it ends with the browser's session. */
  readonly maxAgeSeconds?: number
}

const maxSetCookieBytes = 4096
const maxCookieHeaderBytes = 16_384
const token = /^[\w!#$%&'*+.^`|~-]+$/
const cookieOctets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

/**
 * The cookies of a `Cookie` header. A name that stands in it twice is left out: a browser never sends a `__Host-`
 * cookie twice, so which one was meant cannot be known. Malformed pairs are left out, a header over 16 KiB whole.
 *
 * @see RFC 6265bis §4.2.1 and §5.7.3
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  const repeated = new Set<string>()
  if (header === undefined || header.length > maxCookieHeaderBytes) return cookies
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0) continue
    const name = pair.slice(0, equals).trim()
    const value = pair.slice(equals + 1).trim()
    if (!token.test(name) || !cookieOctets.test(value)) continue
    if (cookies.has(name)) repeated.add(name)
    cookies.set(name, value)
  }
  for (const name of repeated) cookies.delete(name)
  return cookies
}

/** One cookie by its name, `undefined` when it is missing, malformed or repeated. */
export function readCookie(header: string | undefined, name: HostCookieName): string | undefined {
  return parseCookies(header).get(name)
}

/**
 * A `Set-Cookie` value: `Secure`, `HttpOnly`, `Path=/` and no `Domain`, as the prefix demands.
 *
 * @throws RangeError for a name, value or size that no browser would keep; the caller's bug, never a request's
 */
export function serializeHostCookie(name: HostCookieName, value: string, options: HostCookieOptions): string {
  if (!token.test(name) || !name.startsWith('__Host-')) throw new RangeError(`${name} is not a __Host- cookie name`)
  if (!cookieOctets.test(value)) throw new RangeError(`the value of ${name} has characters a cookie cannot carry`)
  const maxAge = options.maxAgeSeconds
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new RangeError(`the lifetime of ${name} is not a whole number of seconds`)
  }
  const lifetime = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  const line = `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${options.sameSite}${lifetime}`
  if (line.length > maxSetCookieBytes) throw new RangeError(`${name} is over ${maxSetCookieBytes} bytes`)
  return line
}

/** A `Set-Cookie` value that makes the browser forget the cookie at once. */
export function expireHostCookie(name: HostCookieName, sameSite: 'Strict' | 'Lax'): string {
  return serializeHostCookie(name, '', { sameSite, maxAgeSeconds: 0 })
}
