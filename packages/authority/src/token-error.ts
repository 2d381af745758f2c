/** Why a request at the token, introspection or revocation endpoint was refused (RFC 6749 §5.2 and the RFCs that add codes). */
export interface TokenError {
  readonly error:
    | 'invalid_request'
    | 'invalid_client'
    | 'invalid_grant'
    | 'unauthorized_client'
    | 'unsupported_grant_type'
    | 'invalid_scope'
    | 'invalid_target'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'unsupported_token_type'
    | 'server_error'
    | 'temporarily_unavailable'
  /** A word of our catalogue (docs/errors), finer than `error`. */
  readonly reason: string
  readonly rule?: string
  readonly expected?: string
  readonly got?: string
  /** Safe to show to the caller; becomes `error_description`. */
  readonly hint: string
}

export const isTokenError = (value: object): value is TokenError => 'error' in value && 'reason' in value
