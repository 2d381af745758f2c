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
