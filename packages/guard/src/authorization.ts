import type { DescribedRequest } from './described-request.ts'
import type { GuardRefusal } from './guard-refusal.ts'

/** One credential as presented, not judged yet. */
export interface Authorization {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

/** Longer tokens are refused unread. */
const maxTokenBytes = 8192

/**
 * Reads the one credential of a request from its `Authorization` header and refuses every other place and number.
 *
 * @see RFC 6750 §2.1 and §3.1 (one method, header only; OAuth 2.1 §5.1 forbids the query), RFC 9449 §7.1 for DPoP
 */
export function readAuthorization(request: DescribedRequest): Authorization | GuardRefusal {
  const found = findAuthorization(request)
  return 'refused' in found ? found : (refuseForm(found) ?? found)
}

/** The credential as `readAuthorization` reads it, but for its form: a token that is remembered had the right one. */
export function findAuthorization(request: DescribedRequest): Authorization | GuardRefusal {
  if (tokenInQuery(request.target)) return { refused: 'token_in_query', rule: 'OAuth 2.1 §5.1' }
  if (tokenInForm(request.form)) return { refused: 'token_in_body', rule: 'RFC 6750 §2.2' }
  const header = typeof request.authorization === 'string' ? request.authorization : single(request.authorization)
  if (header === undefined) return { refused: 'token_missing', rule: 'RFC 6750 §3.1' }
  if (header === 'repeated') return { refused: 'credentials_repeated', rule: 'RFC 6750 §3.1' }
  const scheme = schemeOf(header)
  if (scheme === undefined) {
    const word = /^[A-Za-z-]{1,20}(?= )/.exec(header)?.[0].toLowerCase() ?? ''
    // Where somebody forgot the scheme, the first word is a credential.
    const got = otherSchemes.find(scheme => scheme.toLowerCase() === word) ?? 'something else'
    return { refused: 'scheme_unknown', rule: 'RFC 6750 §2.1', expected: 'Bearer or DPoP', got }
  }
  const token = header.slice(scheme.length + 1).trim()
  const found: Authorization = { scheme, token }
  return (token.length > maxTokenBytes ? refuseForm(found) : undefined) ?? found
}

/** Refuses what is no single token by its characters (RFC 6750 §2.1). */
export function refuseForm({ scheme, token }: Authorization): GuardRefusal | undefined {
  if (token === '') return { refused: 'authorization_malformed', rule: 'RFC 6750 §2.1', scheme, got: 'an empty token' }
  if (token.includes(',')) return { refused: 'credentials_repeated', rule: 'RFC 6750 §3.1', scheme }
  if (token.length > maxTokenBytes) {
    return {
      refused: 'token_malformed',
      scheme,
      expected: `at most ${maxTokenBytes} bytes`,
      got: `${token.length} bytes`,
    }
  }
  if (token68.test(token)) return undefined
  return { refused: 'authorization_malformed', rule: 'RFC 6750 §2.1', scheme, got: 'other characters' }
}

/** Schemes that callers use by mistake, named so that they see it. */
const otherSchemes = [
  'Basic',
  'Digest',
  'Negotiate',
  'Token',
  'ApiKey',
  'Api-Key',
  'JWT',
  'PoP',
  'Signature',
  'HOBA',
  'Mutual',
]

const token68 = /^[A-Za-z0-9._~+/-]+=*$/

function single(headers: readonly string[] | undefined): string | 'repeated' | undefined {
  if (headers === undefined || headers.length === 0) return undefined
  return headers.length === 1 ? headers[0] : 'repeated'
}

/** Schemes are compared without case (RFC 9110 §11.1). */
function schemeOf(header: string): 'Bearer' | 'DPoP' | undefined {
  if (header.startsWith('Bearer ')) return 'Bearer'
  if (header.startsWith('DPoP ')) return 'DPoP'
  const space = header.indexOf(' ')
  const word = (space < 0 ? header : header.slice(0, space)).toLowerCase()
  if (word === 'bearer') return 'Bearer'
  return word === 'dpop' ? 'DPoP' : undefined
}

function tokenInQuery(target: string): boolean {
  const mark = target.indexOf('?')
  if (mark < 0) return false
  const query = target.slice(mark + 1)
  if (!query.includes('access') && !query.includes('%')) return false
  return new URLSearchParams(query).has('access_token')
}

function tokenInForm(form: unknown): boolean {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token')
}
