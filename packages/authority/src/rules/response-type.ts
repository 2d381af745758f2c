import type { AuthorizationError } from '../authorization-error.ts'

/** Only `code` exists: no implicit and no hybrid flow (OAuth 2.1 §4.1.1, §10.1). */
export function judgeResponseType(sent: string | undefined): AuthorizationError | undefined {
  if (sent === 'code') return undefined
  if (sent === undefined) {
    return {
      error: 'invalid_request',
      reason: 'response_type_missing',
      rule: 'OAuth 2.1 §4.1.1',
      expected: 'code',
      got: 'no response_type',
      hint: 'Send response_type=code.',
    }
  }
  return {
    error: 'unsupported_response_type',
    reason: 'response_type_unsupported',
    rule: 'OAuth 2.1 §4.1.2.1',
    expected: 'code',
    got: sent.slice(0, 80),
    hint: 'Only response_type=code is supported; tokens never travel through the browser.',
  }
}
