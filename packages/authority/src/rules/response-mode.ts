import type { AuthorizationError } from '../authorization-error.ts'
import type { ResponseMode } from '../authorization-request.ts'

/**
 * Reads `response_mode`: `query` (the default of `response_type=code`) or `form_post`. `fragment` is refused, because
 * what stands in a fragment is readable to every script of the page (OAuth 2.1 §4.1.2, Form Post Response Mode §2).
 */
export function judgeResponseMode(
  sent: string | undefined,
): { readonly response_mode: ResponseMode } | AuthorizationError {
  if (sent === undefined || sent === 'query') return { response_mode: 'query' }
  if (sent === 'form_post') return { response_mode: 'form_post' }
  return {
    error: 'invalid_request',
    reason: 'response_mode_unsupported',
    rule: 'OAuth 2.0 Multiple Response Types §2.1',
    expected: 'query or form_post',
    got: sent.slice(0, 40),
    hint: 'response_mode is query or form_post.',
  }
}
