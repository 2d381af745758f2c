import { verifyCodeVerifier } from '@sallyport/credentials'
import type { AuthorizationCode } from '../authorization-code.ts'
import { tokenError } from '../refused.ts'
import type { TokenError } from '../token-error.ts'

/**
 * PKCE at the token endpoint: a verifier exactly where there was a challenge, and the right one (RFC 7636 §4.6). A verifier
 * for a code without challenge is a downgrade attack (RFC 9700 §4.8.2, STANDARDS S3).
 */
export function codeVerifier(code: AuthorizationCode, verifier: string | undefined): TokenError | undefined {
  if (code.code_challenge === '')
    return {
      error: 'invalid_grant',
      reason: 'pkce_downgrade',
      rule: 'RFC 9700 §4.8.2',
      expected: 'a code with code_challenge',
      got: 'a code without',
      hint: 'Start the authorization with a code_challenge (S256).',
    }
  if (verifier === undefined)
    return {
      error: 'invalid_grant',
      reason: 'pkce_missing',
      rule: 'RFC 7636 §4.5',
      expected: 'code_verifier',
      got: 'none',
      hint: 'Send the code_verifier made for this authorization request.',
    }
  const verified = verifyCodeVerifier(verifier, code.code_challenge)
  if (verified === true) return undefined
  return tokenError('invalid_grant', verified, 'Send the code_verifier made for this authorization request.')
}
