import type { AuthorizationError } from '../authorization-error.ts'
import type { RequestedClaims } from '../authorization-request.ts'

/** What the `claims` parameter asks for, read. */
export interface ClaimsParameter {
  readonly claims?: RequestedClaims
  /** `sub` with a value: the only subject the client will take (§5.5.1). */
  readonly subject?: string
  /** `acr` with values, and whether it is essential (§5.5.1.1). */
  readonly acr?: { readonly values: readonly string[]; readonly essential: boolean }
}

const maxNames = 50

/**
 * Reads the `claims` parameter. Members that are not understood are ignored, as the standard asks; what is not an
 * object where one must stand is refused.
 *
 * @see OpenID Connect Core §5.5, §5.5.1
 */
export function judgeClaimsParameter(sent: string | undefined): ClaimsParameter | AuthorizationError {
  if (sent === undefined) return {}
  const parsed = parse(sent)
  if (!isObject(parsed)) return refuse('something else')
  const { id_token: idToken, userinfo } = parsed
  if (!(isAbsent(idToken) || isObject(idToken)) || !(isAbsent(userinfo) || isObject(userinfo))) {
    return refuse('an id_token or userinfo member that is not an object')
  }
  const wanted = isObject(idToken) ? idToken : {}
  const idTokenNames = Object.keys(wanted)
  const userinfoNames = isObject(userinfo) ? Object.keys(userinfo) : []
  if (idTokenNames.length + userinfoNames.length > maxNames) return refuse(`over ${maxNames} names`)
  const sub = wanted.sub
  const acr = readAcr(wanted.acr)
  return {
    claims: {
      ...(idTokenNames.length > 0 && { id_token: idTokenNames }),
      ...(userinfoNames.length > 0 && { userinfo: userinfoNames }),
    },
    ...(isObject(sub) && typeof sub.value === 'string' && { subject: sub.value }),
    ...(acr !== undefined && { acr }),
  }
}

function readAcr(entry: unknown): ClaimsParameter['acr'] {
  if (!isObject(entry)) return undefined
  const { value, values, essential } = entry
  const listed = Array.isArray(values) ? values : typeof value === 'string' ? [value] : []
  const known = listed.filter(each => typeof each === 'string')
  return known.length === 0 ? undefined : { values: known, essential: essential === true }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function refuse(got: string): AuthorizationError {
  return {
    error: 'invalid_request',
    reason: 'claims_malformed',
    rule: 'OpenID Connect Core §5.5',
    expected: 'a JSON object with id_token and userinfo',
    got,
    hint: 'claims is a JSON object whose members id_token and userinfo are objects of claim names.',
  }
}
