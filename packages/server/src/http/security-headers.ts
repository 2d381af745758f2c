import { nothingAllowed } from './content-security-policy.ts'

const twoYearsSeconds = 63_072_000

/**
 * The headers every answer of a listener begins with; a handler replaces what its answer needs otherwise.
 *
 * `Referrer-Policy` is `same-origin` and not `no-referrer`, under which browsers send `Origin: null` with forms. Nothing
 * is cached unless its handler says so (OAuth 2.1 §3.2.3). HSTS is sent where the public origin is https (RFC 6797 §7.2).
 */
export function securityHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': nothingAllowed,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(origin.startsWith('https:') ? { 'strict-transport-security': `max-age=${twoYearsSeconds}` } : {}),
  }
}

/** What these say is about windows, frames, features and links, which an answer of data has none of. */
export const notForData: ReadonlySet<string> = new Set([
  'x-frame-options',
  'referrer-policy',
  'cross-origin-opener-policy',
  'permissions-policy',
])

/** A document that is for everybody is kept from nobody, and loads nothing. */
export const notForOpenData: ReadonlySet<string> = new Set([
  ...notForData,
  'content-security-policy',
  'cross-origin-resource-policy',
])

/** A listener's security headers without those of a set, name and value in turn (docs/decisions/0025). */
export const headersWithout = (
  headers: Readonly<Record<string, string>>,
  left: ReadonlySet<string>,
): readonly string[] => Object.entries(headers).flatMap(([name, value]) => (left.has(name) ? [] : [name, value]))

/**
 * Whether an answer of this type is data that no browser shows as a page: JSON and JWTs, with `nosniff` beside them. Of
 * several types, which a service can send and a cache can join, browsers take the last: then it is none (Fetch §2.2.2,
 * "extract a MIME type").
 *
 * @param contentType  repeated headers joined by commas
 */
export function isData(contentType: string = ''): boolean {
  if (contentType.includes(',')) return false
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trimEnd().toLowerCase()
  if (!type.startsWith('application/')) return false
  return type === 'application/json' || type === 'application/jwt' || type.endsWith('+json') || type.endsWith('+jwt')
}
