import { type AccessTokenClaims, accessTokenType, readAccessTokenClaims } from './access-token.ts'
import { type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'
import type { Caller } from './caller.ts'
import { type CallerRefusal, judgeCaller, type PresentedToken, type RevocationView, senderOf } from './judge-caller.ts'
import { type ParsedJws, parseCompactJws } from './jws.ts'
import { isType, type JwtRefusal, provenKey, refuseAudience, refuseIssuer } from './jwt.ts'
import { refuseTimes } from './jwt-times.ts'
import type { KeySource } from './key-source.ts'
import type { Refusal } from './refusal.ts'
import { type JsonObject, parseJsonObject } from './strict-json.ts'

/** What the token has to be for. */
export interface ExpectedToken {
  /** Compared byte for byte. */
  readonly issuer: string
  /** This API's identifier, compared byte for byte. */
  readonly resource: string
  /** 0 to 60, default 5. */
  readonly leewaySeconds?: number | undefined
  /** Default: all four. */
  readonly algorithms?: readonly SigningAlgorithm[]
}

/** All that is read of the world. */
export interface VerifyContext {
  /** Unix seconds. */
  readonly nowSeconds: number
  readonly keys: KeySource
  readonly revocations: RevocationView
}

export type AccessTokenRefusal = Refusal<
  JwtRefusal['refused'] | CallerRefusal['refused'] | 'token_opaque' | 'id_token_sent' | 'token_inactive'
>

/**
 * Door one: decides who is calling, from the token and its proof.
 *
 * @param presented  scheme, token (at most 8 KiB), verified proof and certificate; never logged
 * @param expected   issuer and resource, compared byte for byte; `leewaySeconds` 0 to 60, default 5
 * @param context    `nowSeconds` (Unix seconds), keys, revocations; nothing else is read
 * @returns the caller, or a refusal: `token_opaque` `malformed` `wrong_algorithm` `id_token_sent` `wrong_type`
 *   `wrong_issuer` `wrong_audience` `token_expired` `clock_skew` `not_yet_valid` `unknown_key` `keys_unavailable` (503)
 *   `bad_signature` `unbound` `revoked` `revocation_unknown` (503: feed too old, closed)
 * @throws nothing, whatever the input; a throw is our bug
 * @see RFC 9068 §4 claims, RFC 9449 §7 proof, RFC 8705 §3 certificate, RFC 8725 §3.1 algorithms
 */
export async function verifyAccessToken(
  presented: PresentedToken,
  expected: ExpectedToken,
  context: VerifyContext,
): Promise<Caller | AccessTokenRefusal> {
  const { token } = presented
  if (!token.includes('.')) return opaque(expected.resource)
  const parsed = parseCompactJws(token)
  if ('refused' in parsed) return parsed
  const read = readClaims(parsed, expected, context.nowSeconds)
  if ('refused' in read) return read
  const key = await provenKey(parsed, { keys: context.keys, algorithms: expected.algorithms ?? signingAlgorithms })
  if ('refused' in key) return key
  const caller = callerOf(read.claims, key.kid)
  const { leewaySeconds } = expected
  return judgeCaller(caller, presented, { ...context, leewaySeconds }) ?? caller
}

/** The caller that the claims of a proven token name. */
export function callerOf(claims: AccessTokenClaims, keyId: string | undefined): Caller {
  return {
    subject: claims.sub,
    subjectType: isClient(claims) ? 'client' : 'user',
    clientId: claims.client_id,
    issuer: claims.iss,
    audience: typeof claims.aud === 'string' ? [claims.aud] : claims.aud,
    scopes: new Set(claims.scope?.split(' ').filter(scope => scope !== '')),
    roles: claims.roles ?? [],
    tokenId: claims.jti,
    family: claims.family,
    keyId,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    authTime: claims.auth_time,
    acr: claims.acr,
    amr: claims.amr ?? [],
    sender: senderOf(claims.cnf),
    claims,
  }
}

/** Subjects of our authority say what they are; elsewhere a machine's subject is its client_id (RFC 9068 §2.2). */
function isClient(claims: AccessTokenClaims): boolean {
  return claims.sub === claims.client_id || claims.sub.startsWith('client_')
}

/** The members of the token, judged as far as they can be without a key: cheap, and nothing is believed yet. */
function readClaims(
  parsed: ParsedJws,
  expected: ExpectedToken,
  nowSeconds: number,
): { readonly claims: AccessTokenClaims } | AccessTokenRefusal {
  const members = parseJsonObject(parsed.payload)
  if (members === undefined) return notJson
  return (
    refuseType(parsed.header.typ, members) ??
    refuseIssuer(members, expected.issuer) ??
    refuseAudience(members, { audience: expected.resource }) ??
    refuseTimes(members, { nowSeconds, leewaySeconds: expected.leewaySeconds ?? 5 }) ??
    readAccessTokenClaims(members)
  )
}

const notJson: Refusal<'malformed'> = {
  refused: 'malformed',
  rule: 'RFC 7519 §7.2',
  expected: 'a JSON claims set without repeated names',
  got: 'something else',
}

function refuseType(typ: string | undefined, claims: JsonObject): Refusal<'id_token_sent' | 'wrong_type'> | undefined {
  if (isType(typ, [accessTokenType])) return undefined
  const looksLikeIdToken =
    isType(typ, [undefined, 'JWT']) &&
    claims.client_id === undefined &&
    claims.scope === undefined &&
    claims.sub !== undefined
  if (looksLikeIdToken) {
    const hint = 'Send the access_token; the id_token is for the client alone.'
    return { refused: 'id_token_sent', rule: 'RFC 9068 §4', expected: 'an access token', got: 'an ID token', hint }
  }
  const hint = 'Send an access token made for this API.'
  const got = typ === undefined ? 'no typ' : `typ ${typ.slice(0, 64)}`
  return { refused: 'wrong_type', rule: 'RFC 9068 §4', expected: 'typ at+jwt', got, hint }
}

function opaque(resource: string): AccessTokenRefusal {
  const hint = `Ask for a token with resource=${resource}, or call through the gateway.`
  return { refused: 'token_opaque', rule: 'RFC 9068 §4', expected: 'a JWT', got: 'an opaque token', hint }
}
