import type { AuthorizationError } from '../authorization-error.ts'

/** Reads `dpop_jkt`: a SHA-256 JWK thumbprint in base64url (RFC 9449 §10). */
export function judgeDpopJkt(sent: string | undefined): { readonly dpop_jkt?: string } | AuthorizationError {
  if (sent === undefined) return {}
  if (/^[A-Za-z0-9_-]{43}$/.test(sent)) return { dpop_jkt: sent }
  return {
    error: 'invalid_request',
    reason: 'dpop_jkt_malformed',
    rule: 'RFC 9449 §10',
    expected: '43 characters of base64url',
    got: `${sent.length} characters`,
    hint: 'dpop_jkt is the SHA-256 thumbprint (RFC 7638) of the DPoP key, in base64url.',
  }
}
