import { isCodeChallenge } from '@sallyport/credentials'
import type { AuthorizationError } from '../authorization-error.ts'

/**
 * PKCE with S256, for every client and always (OAuth 2.1 §4.1.1, RFC 9700 §2.1.1). A missing method would mean `plain`
 * (RFC 7636 §4.3), which is refused: the verifier would travel through the browser.
 */
export function judgeCodeChallenge(
  challenge: string | undefined,
  method: string | undefined,
): { readonly code_challenge: string } | AuthorizationError {
  if (challenge === undefined)
    return refuse(
      'pkce_missing',
      'no code_challenge',
      'Send a code_challenge with code_challenge_method=S256 (a setting of your library, often named PKCE).',
    )
  if (method !== 'S256')
    return refuse(
      'pkce_method',
      method?.slice(0, 40) ?? 'no code_challenge_method',
      'Send code_challenge_method=S256; plain is not supported.',
    )
  if (!isCodeChallenge(challenge))
    return refuse(
      'pkce_malformed',
      `${challenge.length} characters`,
      'A code_challenge is the SHA-256 of the verifier in base64url: 43 characters.',
    )
  return { code_challenge: challenge }
}

function refuse(reason: string, got: string, hint: string): AuthorizationError {
  return { error: 'invalid_request', reason, rule: 'RFC 7636 §4.4.1', expected: 'an S256 code_challenge', got, hint }
}
