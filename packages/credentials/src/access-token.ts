import { isTime } from './jwt-times.ts'
import type { Refusal } from './refusal.ts'
import { type Sign, signJwt } from './sign.ts'
import type { SigningKey } from './signing-key.ts'
import { isJsonObject, type JsonObject } from './strict-json.ts'

/**
 * The claims of an access token (RFC 9068 §2.2), with `family` of our own. No name, no mail address (RFC 9068 §6): roles
 * only for resources that ask for them (§2.2.3.1).
 */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly client_id: string
  /** Unix seconds. */
  readonly exp: number
  /** Unix seconds. */
  readonly iat: number
  readonly jti: string
  /** Unix seconds. */
  readonly nbf?: number
  /** Separated by spaces (RFC 6749 §3.3). */
  readonly scope?: string
  /** Unix seconds. */
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly roles?: readonly string[]
  /** The token family whose revocation ends this token. Opaque. */
  readonly family?: string
  readonly cnf?: Confirmation
  readonly [name: string]: unknown
}

/** What the sender must prove (RFC 7800 §3.1, RFC 9449 §6.1, RFC 8705 §3.1). */
export interface Confirmation {
  readonly jkt?: string
  readonly 'x5t#S256'?: string
}

/** `typ` of a JWT access token (RFC 9068 §2.1). */
export const accessTokenType = 'at+jwt'

/** Signs an access token (RFC 9068 §2). */
export function signAccessToken(claims: AccessTokenClaims, key: SigningKey, sign: Sign): Promise<string> {
  return signJwt({ typ: accessTokenType, claims, key }, sign)
}

/**
 * Reads the claims of an access token or of an introspection response, each with its type.
 *
 * @returns the claims, or `malformed` naming the first that is missing or of another type (RFC 9068 §2.2 wants seven)
 */
export function readAccessTokenClaims(
  claims: JsonObject,
): { readonly claims: AccessTokenClaims } | Refusal<'malformed'> {
  for (const [name, rule] of claimRules) {
    if (!rule.accepts(claims[name])) {
      const got = claims[name] === undefined ? 'none' : typeof claims[name]
      return { refused: 'malformed', rule: 'RFC 9068 §2.2', expected: `${name}, ${rule.name}`, got }
    }
  }
  return { claims: claims as AccessTokenClaims }
}

interface ClaimRule {
  readonly name: string
  accepts(value: unknown): boolean
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isTexts = (value: unknown) => Array.isArray(value) && value.every(one => typeof one === 'string')
/** A confirmation by a method we cannot check is no bearer token: it is refused (RFC 7800 §3.1). */
const isConfirmation = (value: unknown) => {
  if (!isJsonObject(value)) return false
  const known = [value.jkt, value['x5t#S256']].filter(one => one !== undefined)
  return known.length > 0 && known.every(isText)
}

const text: ClaimRule = { name: 'a string', accepts: isText }
const time: ClaimRule = { name: 'a number of seconds', accepts: isTime }
const audience: ClaimRule = { name: 'a string or strings', accepts: value => isText(value) || isTexts(value) }
const optional = (name: string, accepts: (value: unknown) => boolean): ClaimRule => ({
  name,
  accepts: value => value === undefined || accepts(value),
})

const claimRules: readonly (readonly [string, ClaimRule])[] = [
  ['iss', text],
  ['sub', text],
  ['aud', audience],
  ['client_id', text],
  ['exp', time],
  ['iat', time],
  ['jti', text],
  ['nbf', optional('a number of seconds', isTime)],
  ['scope', optional('a string', value => typeof value === 'string')],
  ['auth_time', optional('a number of seconds', isTime)],
  ['acr', optional('a string', isText)],
  ['amr', optional('strings', isTexts)],
  ['roles', optional('strings', isTexts)],
  ['family', optional('a string', isText)],
  ['cnf', optional('jkt or x5t#S256, strings', isConfirmation)],
]
