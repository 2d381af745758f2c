import { hash, timingSafeEqual } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import type { Refusal } from './refusal.ts'

/** The S256 challenge of a verifier (RFC 7636 §4.2). */
export function s256(verifier: string): string {
  return hash('sha256', verifier, 'base64url')
}

/** Whether this could be an S256 challenge: the base64url of 32 bytes (RFC 7636 §4.2). */
export function isCodeChallenge(value: unknown): boolean {
  return typeof value === 'string' && value.length === 43 && decodeBase64url(value)?.length === 32
}

/** 43 to 128 unreserved characters (RFC 7636 §4.1). */
export function isCodeVerifier(value: string): boolean {
  if (value.length < 43 || value.length > 128) return false
  for (let at = 0; at < value.length; at += 1) if (!isUnreserved(value.charCodeAt(at))) return false
  return true
}

/**
 * Whether the verifier belongs to the challenge, in a time that does not depend on how much of it is right.
 *
 * @see RFC 7636 §4.6; the wire error of both refusals is `invalid_grant`
 */
export function verifyCodeVerifier(
  verifier: string,
  challenge: string,
): true | Refusal<'pkce_malformed' | 'pkce_mismatch'> {
  if (!isCodeVerifier(verifier)) {
    return {
      refused: 'pkce_malformed',
      rule: 'RFC 7636 §4.1',
      expected: 'code_verifier of 43 to 128 unreserved characters',
      got: `${verifier.length} characters`,
      hint: 'Make the verifier from 32 random bytes, base64url.',
    }
  }
  const computed = Buffer.from(s256(verifier), 'latin1')
  const stored = Buffer.from(challenge, 'latin1')
  if (computed.length === stored.length && timingSafeEqual(computed, stored)) return true
  return {
    refused: 'pkce_mismatch',
    rule: 'RFC 7636 §4.6',
    expected: 'the verifier of the code_challenge',
    got: 'another verifier',
    hint: 'Send the code_verifier made for this authorization request, byte for byte.',
  }
}

/** ALPHA, DIGIT, "-", ".", "_", "~" (RFC 3986 §2.3). */
function isUnreserved(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f ||
    code === 0x7e
  )
}
