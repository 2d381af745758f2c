import { type DirectRequest, type Form, readForm, readQuery } from '@sallyport/server'
import type { TokenError } from '../token-error.ts'
import type { TokenRequest } from '../token-request.ts'

/** Nobody's name or secret belongs where logs and histories keep it (OAuth 2.1 §2.4.1, STANDARDS S18). */
const bodyOnly: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'refresh_token',
  'subject_token',
  'actor_token',
  'token',
  'access_token',
])

/**
 * Reads a form request to the token, introspection or revocation endpoint. A repeated parameter is refused whatever its
 * value, `resource` alone may repeat (OAuth 2.1 §3.2, RFC 8707 §2, STANDARDS S9); what nobody knows is ignored.
 *
 * @param url  the endpoint's public URL, as configured
 * @returns the request, or `invalid_request`
 */
export function readTokenRequest(received: DirectRequest, url: string): TokenRequest | TokenError {
  const misplaced = parameterInQuery(received.url)
  if (misplaced !== undefined) return misplaced
  const form = readForm(received.body, received.headers['content-type'])
  if ('refused' in form) return { ...form, error: 'invalid_request', reason: form.refused }
  const repeated = form.repeated.find(name => name !== 'resource')
  if (repeated !== undefined) return parameterRepeated(repeated)
  return {
    parameters: form.fields,
    resources: resourcesOf(form),
    authorization: received.headers.authorization,
    proofs: received.headers.dpop === undefined ? [] : headerValues(received.rawHeaders, 'dpop'),
    url,
    requestId: received.id,
  }
}

function resourcesOf(form: Form): readonly string[] {
  const single = form.fields.get('resource')
  if (single !== undefined) return [single]
  return form.repeated.includes('resource') ? (form.values.get('resource') ?? []) : []
}

/** Every value of a header that was sent more than once, which Node would join. */
export function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === name.length && rawHeaders[at]?.toLowerCase() === name)
      values.push(rawHeaders[at + 1] ?? '')
  return values
}

function parameterInQuery(url: string): TokenError | undefined {
  const start = url.indexOf('?')
  if (start < 0) return undefined
  const query = readQuery(url.slice(start + 1))
  const names = 'refused' in query ? [] : [...query.values.keys(), ...query.repeated]
  const misplaced = names.find(name => bodyOnly.has(name))
  if (misplaced === undefined) return undefined
  return {
    error: 'invalid_request',
    reason: 'parameter_in_query',
    rule: 'OAuth 2.1 §2.4.1',
    expected: `${misplaced} in the body`,
    got: `${misplaced} in the query`,
    hint: `Send ${misplaced} in the request's body, never in its address.`,
  }
}

const parameterRepeated = (name: string): TokenError => ({
  error: 'invalid_request',
  reason: 'parameter_repeated',
  rule: 'OAuth 2.1 §3.2',
  expected: `${name.slice(0, 64)} once`,
  got: 'more than once',
  hint: `Send ${name.slice(0, 64)} once.`,
})
