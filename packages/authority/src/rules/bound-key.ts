import type { TokenError } from '../token-error.ts'

/**
 * A code asked for with `dpop_jkt`, or a public client's refresh token, works with its own DPoP key alone (RFC 9449 §10 and §5,
 * STANDARDS S45, S46).
 *
 * @param bound  thumbprint that the code or family is bound to, `undefined` where it is not
 * @param shown  thumbprint of this request's proof
 */
export function boundKey(bound: string | undefined, shown: string | undefined): TokenError | undefined {
  if (bound === undefined || bound === shown) return undefined
  return {
    error: 'invalid_grant',
    reason: shown === undefined ? 'dpop_proof_missing' : 'dpop_key_mismatch',
    rule: 'RFC 9449 §10',
    expected: `a proof with the key ${bound}`,
    got: shown === undefined ? 'no proof' : `a proof with the key ${shown}`,
    hint: 'Send a DPoP proof made with the key of the authorization request.',
  }
}
