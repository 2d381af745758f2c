/** Why an authorization request was refused, as its client is told (OAuth 2.1 §4.1.2.1 and the standards that add codes). */
export interface AuthorizationError {
  readonly error:
    | 'invalid_request'
    | 'unauthorized_client'
    | 'access_denied'
    | 'unsupported_response_type'
    | 'invalid_scope'
    | 'server_error'
    | 'temporarily_unavailable'
    /** OpenID Connect Core §3.1.2.6 */
    | 'interaction_required'
    | 'login_required'
    | 'account_selection_required'
    | 'consent_required'
    | 'request_not_supported'
    | 'request_uri_not_supported'
    | 'registration_not_supported'
    /** OpenID Connect Core Unmet Authentication Requirements §2 */
    | 'unmet_authentication_requirements'
    /** RFC 8707 §2 */
    | 'invalid_target'
  /** A word of our catalogue (docs/errors), finer than `error`. */
  readonly reason: string
  readonly rule?: string
  readonly expected?: string
  readonly got?: string
  /** Safe to show to the caller; becomes `error_description`. */
  readonly hint: string
}

export function isAuthorizationError<T extends object>(value: T | AuthorizationError): value is AuthorizationError {
  return 'error' in value && 'hint' in value
}
