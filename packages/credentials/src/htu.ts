/** Characters of RFC 3986 §2; `%` is judged with its two digits. */
const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/
const escapes = /%[0-9A-Fa-f]{2}/g
const unreserved = /^[A-Za-z0-9\-._~]$/
const maxLength = 4096
/**
 * Written the one way already: names of letters, digits and single hyphens whose last one is no number, segments without
 * dots or escapes. Parsing it would give it back, at ten times the price; nearly every proof's address is like this.
 */
const normalAlready =
  /^https?:\/\/(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)*[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?::(?!80\/|443\/)[1-9][0-9]{0,3})?(?:\/[A-Za-z0-9\-_~!$&'()*+,;=:@]+)+$/

/**
 * The one spelling of an http(s) address for comparing `htu`: scheme and host in lower case, default port and dot segments
 * removed, escapes of unreserved characters decoded and others in upper case, query and fragment dropped.
 *
 * @returns `undefined` for what is no absolute http(s) URI, holds user information or characters outside RFC 3986
 * @see RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3
 */
export function normalizeHtu(uri: string): string | undefined {
  if (uri.length > maxLength) return undefined
  if (normalAlready.test(uri)) return uri
  if (!uriCharacters.test(uri)) return undefined
  const scheme = /^https?:\/\//i.exec(uri)
  if (scheme === null) return undefined
  const withoutQuery = uri.split(/[?#]/, 1)[0] ?? ''
  if (withoutQuery.slice(scheme[0].length).split('/', 1)[0]?.includes('@')) return undefined
  const url = URL.parse(withoutQuery.replace(escapes, normalizeEscape))
  return url === null ? undefined : `${url.protocol}//${url.host}${url.pathname}`
}

function normalizeEscape(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return unreserved.test(character) ? character : encoded.toUpperCase()
}
