import type { AuthorizationCode } from '../authorization-code.ts'
import type { TokenError } from '../token-error.ts'

/** `redirect_uri` may be left out; sent, it is the authorization request's, byte for byte (OAuth 2.1 §10.2, STANDARDS S14). */
export function codeRedirectUri(code: AuthorizationCode, redirectUri: string | undefined): TokenError | undefined {
  if (redirectUri === undefined || redirectUri === code.redirect_uri) return undefined
  return {
    error: 'invalid_grant',
    reason: 'redirect_uri_mismatch',
    rule: 'OAuth 2.1 §10.2',
    expected: code.redirect_uri,
    got: redirectUri.slice(0, 512),
    hint: 'Send the redirect_uri of the authorization request, byte for byte, or leave it out.',
  }
}
