import type { AuthorizationError } from './authorization-error.ts'
import type { ErrorTarget } from './authorize.ts'

/** An authorization response on its way to the client: a redirect, or a form that the browser posts. */
export type AuthorizationResponse =
  | { readonly mode: 'query'; readonly location: string }
  | {
      readonly mode: 'form_post'
      readonly action: string
      readonly fields: readonly (readonly [name: string, value: string])[]
    }

/** A success (OAuth 2.1 §4.1.2), with `iss` byte for byte as in the metadata (RFC 9207 §2). */
export function codeResponse(code: string, target: ErrorTarget, issuer: string): AuthorizationResponse {
  return response([['code', code]], target, issuer)
}

/** An error for the client (OAuth 2.1 §4.1.2.1), with `iss` as well (RFC 9207 §2). */
export function errorResponse(error: AuthorizationError, target: ErrorTarget, issuer: string): AuthorizationResponse {
  return response(
    [
      ['error', error.error],
      ['error_description', printable(error.hint)],
    ],
    target,
    issuer,
  )
}

function response(
  parameters: readonly (readonly [string, string])[],
  target: ErrorTarget,
  issuer: string,
): AuthorizationResponse {
  const state = target.state === undefined ? [] : [['state', target.state] as const]
  const fields = [...parameters, ...state, ['iss', issuer] as const]
  if (target.response_mode === 'form_post') return { mode: 'form_post', action: target.redirect_uri, fields }
  const query = new URLSearchParams(fields.map(([name, value]) => [name, value])).toString()
  const uri = target.redirect_uri
  // What stands in a registered query stays as it is (OAuth 2.1 §2.3).
  const separator = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&'
  return { mode: 'query', location: `${uri}${separator}${query}` }
}

/** `error_description` holds these characters only (OAuth 2.1 §4.1.2.1). */
const printable = (text: string): string => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
