import type { SigningAlgorithm } from './algorithms.ts'
import type { VerifyKey } from './jwk.ts'
import { type JwsHeader, type JwsRefusal, type ParsedJws, parseCompactJws, verifyJws } from './jws.ts'
import { refuseTimes } from './jwt-times.ts'
import type { KeySource } from './key-source.ts'
import type { Refusal } from './refusal.ts'
import { type JsonObject, parseJsonObject } from './strict-json.ts'

/** What a JWT must be. */
export interface ExpectedJwt {
  /** Accepted `typ` values, compared as media types (RFC 7515 §4.1.9); `undefined` in the list accepts a missing one. */
  readonly typ: string | readonly (string | undefined)[]
  readonly algorithms: readonly SigningAlgorithm[]
  readonly keys: KeySource
  /** Compared byte for byte with `iss`. */
  readonly issuer: string
  /** Must be among `aud`; `undefined` only where another rule judges it. */
  readonly audience: string | undefined
  /** `single` refuses a list, even of one (RFC 7523bis, FAPI 2.0 §5.3.2.1). Default `any`. */
  readonly audienceForm?: 'single' | 'any'
  /** Unix seconds. */
  readonly nowSeconds: number
  /** For the clocks' difference, 0 to 60, default 10 (FAPI 2.0 §5.3.2.1 wants 10 accepted and more than 60 refused). */
  readonly leewaySeconds?: number
  /** Whether an expired token still tells something: for the `id_token_hint` alone. Default false. */
  readonly acceptExpired?: boolean
  /** The longest time from now, or from `iat`, to `exp` that is accepted; no limit by default. */
  readonly maxLifetimeSeconds?: number
  readonly maxBytes?: number
}

/** A JWT whose signature and claims were right. */
export interface VerifiedJwt {
  readonly header: JwsHeader
  readonly claims: JsonObject
  readonly key: VerifyKey
}

export type JwtRefusal = Refusal<
  | JwsRefusal['refused']
  | 'wrong_type'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'token_expired'
  | 'clock_skew'
  | 'not_yet_valid'
  | 'unknown_key'
  | 'keys_unavailable'
  | 'bad_signature'
>

/**
 * Verifies a JWT somebody sends us: a client assertion, an ID token hint, a request object.
 *
 * The cheap rules come first, so that a token of another issuer never causes a fetch of keys; nothing is believed before
 * the signature is right.
 *
 * @returns header, claims and key, or a refusal
 * @throws nothing, whatever the token
 * @see RFC 7519 §7.2, RFC 8725 §3
 */
export async function verifyJwt(token: string, expected: ExpectedJwt): Promise<VerifiedJwt | JwtRefusal> {
  const parsed = parseCompactJws(token, expected.maxBytes === undefined ? {} : { maxBytes: expected.maxBytes })
  if ('refused' in parsed) return parsed
  const accepted = typeof expected.typ === 'string' ? [expected.typ] : expected.typ
  if (!isType(parsed.header.typ, accepted)) return wrongType(parsed.header.typ, accepted)
  const claims = parseJsonObject(parsed.payload)
  if (claims === undefined)
    return {
      refused: 'malformed',
      rule: 'RFC 7519 §7.2',
      expected: 'a JSON claims set without repeated names',
      got: 'none',
    }
  const refused =
    refuseIssuer(claims, expected.issuer) ?? refuseAudience(claims, expected) ?? refuseTimes(claims, expected)
  if (refused !== undefined) return refused
  const key = await provenKey(parsed, expected)
  return 'refused' in key ? key : { header: parsed.header, claims, key }
}

/**
 * The key that made the signature. Where the issuer put new material under an old name, the second look finds it.
 */
export async function provenKey(
  parsed: ParsedJws,
  expected: { readonly keys: KeySource; readonly algorithms: readonly SigningAlgorithm[] },
): Promise<VerifyKey | Refusal<'unknown_key' | 'keys_unavailable' | 'bad_signature' | 'wrong_algorithm'>> {
  const { kid, alg } = parsed.header
  const { keys, algorithms } = expected
  if (!algorithms.includes(alg))
    return { refused: 'wrong_algorithm', rule: 'RFC 8725 §3.1', expected: algorithms.join(', '), got: alg }
  const looked = keys.find(kid, alg)
  const key = looked instanceof Promise ? await looked : looked
  if (key === 'unknown' || key === 'unavailable') return noKey(key, kid, keys)
  if (verifyJws(parsed, key, algorithms)) return key
  const renewed = await keys.renewed?.(key)
  if (renewed !== undefined && verifyJws(parsed, renewed, algorithms)) return renewed
  return {
    refused: 'bad_signature',
    rule: 'RFC 7515 §5.2',
    expected: `a signature of key ${key.kid.slice(0, 64)}`,
    got: 'another',
    hint: 'Send the token exactly as it was issued.',
  }
}

/** Compares media types: without case, `application/` may be left out (RFC 7515 §4.1.9). */
export function isType(typ: string | undefined, accepted: readonly (string | undefined)[]): boolean {
  const wanted = shortType(typ)
  return accepted.some(one => shortType(one) === wanted)
}

export function refuseIssuer(claims: JsonObject, issuer: string): Refusal<'wrong_issuer'> | undefined {
  if (claims.iss === issuer) return undefined
  return {
    refused: 'wrong_issuer',
    rule: 'RFC 8725 §3.8',
    expected: issuer,
    got: show(claims.iss),
    hint: 'Use the issuer’s public address everywhere; a service inside reads the keys by an inner jwksUrl.',
  }
}

export function refuseAudience(
  claims: JsonObject,
  expected: Pick<ExpectedJwt, 'audience' | 'audienceForm'>,
): Refusal<'wrong_audience'> | undefined {
  const { audience, audienceForm } = expected
  const { aud } = claims
  if (audience === undefined || aud === audience) return undefined
  if (audienceForm !== 'single' && Array.isArray(aud) && aud.includes(audience)) return undefined
  return {
    refused: 'wrong_audience',
    rule: 'RFC 7519 §4.1.3',
    expected: audienceForm === 'single' ? `${audience}, a single string` : audience,
    got: show(aud),
    hint: audienceHint(aud, audience),
  }
}

function audienceHint(aud: unknown, audience: string): string {
  const sent = Array.isArray(aud) ? aud : [aud]
  if (sent.some(one => one === `${audience}/`)) return 'Drop the slash at the end.'
  if (sent.some(one => typeof one === 'string' && `${one}/` === audience)) return 'Add the slash at the end.'
  return `Ask for a token with resource=${audience}`
}

function shortType(typ: string | undefined): string | undefined {
  const lower = typ?.toLowerCase()
  return lower?.startsWith('application/') ? lower.slice('application/'.length) : lower
}

function wrongType(typ: string | undefined, accepted: readonly (string | undefined)[]): JwtRefusal {
  const expected = accepted.map(one => one ?? 'no typ').join(' or ')
  return { refused: 'wrong_type', rule: 'RFC 8725 §3.11', expected, got: show(typ) }
}

function noKey(
  found: 'unknown' | 'unavailable',
  kid: string | undefined,
  keys: KeySource,
): Refusal<'unknown_key' | 'keys_unavailable'> {
  const known = keys.describe?.() ?? 'a published key'
  if (found === 'unknown') {
    const hint = 'The token is of another issuer, or its key was retired: get a new one.'
    return { refused: 'unknown_key', rule: 'RFC 7515 §6', expected: known, got: (kid ?? 'no kid').slice(0, 64), hint }
  }
  return {
    refused: 'keys_unavailable',
    expected: 'the issuer’s keys',
    got: known,
    hint: 'Try again; the issuer must be running.',
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 200)
}
