import type { TokenError } from './token-error.ts'

export interface BasicCredentials {
  readonly clientId: string
  readonly secret: string
}

/**
 * Reads `Authorization: Basic` as OAuth defines it: client_id and secret are each form-urlencoded before they are joined by
 * a colon, so a `%` or `+` that was not encoded is another client's name or no name at all (RFC 6749 §2.3.1, RFC 7617 §2).
 */
export function basicCredentials(authorization: string): BasicCredentials | TokenError {
  const match = /^basic +([A-Za-z0-9+/]{1,4096}={0,2})$/i.exec(authorization)
  if (match?.[1] === undefined) return malformed('Basic and base64', `${authorization.split(' ')[0]?.slice(0, 16)} …`)
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return malformed('client_id:client_secret', 'no colon')
  const clientId = formDecode(text.slice(0, colon))
  const secret = formDecode(text.slice(colon + 1))
  if (clientId === undefined || secret === undefined) return malformed('form-urlencoded values', 'an unencoded %')
  return { clientId, secret }
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

const malformed = (expected: string, got: string): TokenError => ({
  error: 'invalid_client',
  reason: 'basic_malformed',
  rule: 'RFC 6749 §2.3.1',
  expected,
  got,
  hint: 'Send Basic with base64 of the form-urlencoded client_id and secret.',
})
