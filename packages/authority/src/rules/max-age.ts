import type { AuthorizationError } from '../authorization-error.ts'

/** Reads `max_age`: whole seconds, 0 meaning "sign in again now" (OpenID Connect Core §3.1.2.1). */
export function judgeMaxAge(sent: string | undefined): { readonly max_age?: number } | AuthorizationError {
  if (sent === undefined) return {}
  if (/^\d{1,9}$/.test(sent)) return { max_age: Number(sent) }
  return {
    error: 'invalid_request',
    reason: 'max_age_malformed',
    rule: 'OpenID Connect Core §3.1.2.1',
    expected: 'a whole number of seconds',
    got: sent.slice(0, 40),
    hint: 'max_age is a whole number of seconds, such as max_age=300.',
  }
}
