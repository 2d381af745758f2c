import { hash } from 'node:crypto'
import { type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'
import { normalizeHtu } from './htu.ts'
import { importPublicJwk } from './jwk.ts'
import { type ParsedJws, parseCompactJws, verifyJws } from './jws.ts'
import { isType } from './jwt.ts'
import { isTime } from './jwt-times.ts'
import { sameSecret } from './opaque-token.ts'
import type { Refusal } from './refusal.ts'
import { signJwtNow } from './sign.ts'
import type { SigningKey } from './signing-key.ts'
import { type JsonObject, parseJsonObject } from './strict-json.ts'

/** What a proof says. */
export interface DpopClaims {
  readonly htm: string
  readonly htu: string
  /** Unix seconds. */
  readonly iat: number
  /** Unique for each proof, at least 96 random bits (RFC 9449 §4.2). */
  readonly jti: string
  /** `accessTokenHash` of the token sent along. */
  readonly ath?: string
  readonly nonce?: string
}

/** A proof that was right. That it was not used before is the caller's to find out: `claim('proof', jtiHash, expiresAt)`. */
export interface DpopProof {
  /** The thumbprint of the key that proved possession. */
  readonly jkt: string
  /** Covers key, address and `jti`, so that nobody can use up another client's identifier. */
  readonly jtiHash: string
  /** The hash of the access token it was made for; `undefined` when none was expected. */
  readonly ath: string | undefined
  /** Unix seconds. */
  readonly iat: number
  /** Unix seconds: after it the proof is refused by its `iat`, and `jtiHash` may be forgotten. */
  readonly expiresAt: number
}

/** The request the proof came with. */
export interface ExpectedProof {
  /** As received, case-sensitive. */
  readonly method: string
  /** The request's address at its configured public origin: never taken from the Host header. */
  readonly url: string
  /** Unix seconds. */
  readonly nowSeconds: number
  /** The token that came along; then `ath` is required. */
  readonly accessToken?: string | undefined
  /** The thumbprint the credential is bound to. */
  readonly boundTo?: string | undefined
  /** Judges the nonce; without it nonces are ignored. */
  readonly nonce?: ((nonce: string | undefined) => boolean) | undefined
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Reads the key in the header; `rememberKeys()` where the same clients come again and again. */
  readonly importKey?: typeof importPublicJwk
}

export type DpopRefusal = Refusal<'invalid_dpop_proof' | 'use_dpop_nonce'>

const maxProofBytes = 8192
const maxJtiLength = 512
/** A proof is good from its `iat` on for this long; replay memory has to reach as far. */
export const proofLifetimeSeconds = 60
const futureSeconds = 10

/** Makes a proof of possession of `key` (RFC 9449 §4.2). */
export function createDpopProof(key: SigningKey, claims: DpopClaims): string {
  const { kid: _kid, alg: _alg, use: _use, ...jwk } = key.publicJwk
  return signJwtNow({ typ: 'dpop+jwt', claims, key, header: { jwk } })
}

/** `ath`: the hash of an access token (RFC 9449 §4.2). */
export function accessTokenHash(accessToken: string): string {
  return hash('sha256', accessToken, 'base64url')
}

/**
 * Checks a proof against the request it came with. Several DPoP headers joined by a comma are no proof.
 *
 * @returns the proof, `use_dpop_nonce` when only the nonce is missing or stale, else `invalid_dpop_proof`
 * @throws nothing, whatever the proof
 * @see RFC 9449 §4.3, whose checks 1 to 12 these are; §8 for nonces, §11.1 for `jti`
 */
export function verifyDpopProof(proof: string, expected: ExpectedProof): DpopProof | DpopRefusal {
  const parsed = parseCompactJws(proof, { maxBytes: maxProofBytes })
  if ('refused' in parsed)
    return refuse(parsed.expected ?? 'one compact JWS', parsed.got ?? 'something else', parsed.rule)
  if (!isType(parsed.header.typ, ['dpop+jwt'])) return refuse('typ dpop+jwt', show(parsed.header.typ))
  const jkt = provenThumbprint(parsed, expected)
  if (typeof jkt !== 'string') return jkt
  const claims = parseJsonObject(parsed.payload)
  if (claims === undefined) return refuse('a JSON claims set without repeated names', 'none')
  const htu = matchedHtu(claims, expected)
  if (typeof htu !== 'string') return htu
  const { jti, iat } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > maxJtiLength)
    return refuse(`jti of 1 to ${maxJtiLength} characters`, 'another', 'RFC 9449 §11.1')
  if (!isTime(iat)) return refuse('iat, a number of seconds', show(iat))
  const ath = expected.accessToken === undefined ? undefined : accessTokenHash(expected.accessToken)
  const refused =
    refuseBinding(claims, jkt, ath, expected.boundTo) ??
    refuseNonce(claims, expected) ??
    refuseAge(iat, expected.nowSeconds)
  if (refused !== undefined) return refused
  const jtiHash = hash('sha256', `${jkt}\n${htu}\n${jti}`, 'base64url')
  return { jkt, jtiHash, ath, iat, expiresAt: iat + proofLifetimeSeconds + 1 }
}

/** Checks 4 to 7: an asymmetric algorithm, a public key in the header, its signature. */
function provenThumbprint(parsed: ParsedJws, expected: ExpectedProof): string | DpopRefusal {
  const { algorithms = signingAlgorithms, importKey = importPublicJwk } = expected
  if (!algorithms.includes(parsed.header.alg)) return refuse(algorithms.join(', '), parsed.header.alg)
  const key = importKey(parsed.header.members.jwk)
  if ('refused' in key) return refuse(key.expected ?? 'a public key', key.got ?? 'none', key.rule)
  if (!verifyJws(parsed, key, algorithms)) return refuse('a signature by the key in the header', 'another')
  return key.thumbprint
}

/** Checks 8 and 9. */
function matchedHtu(claims: JsonObject, expected: ExpectedProof): string | DpopRefusal {
  if (claims.htm !== expected.method) return refuse(`htm ${expected.method}`, show(claims.htm))
  const htu = typeof claims.htu === 'string' ? normalizeHtu(claims.htu) : undefined
  const wanted = normalizeHtu(expected.url)
  if (htu === undefined || htu !== wanted) return refuse(`htu ${wanted ?? 'a valid address'}`, show(claims.htu))
  return htu
}

/** Check 12. */
function refuseBinding(
  claims: JsonObject,
  jkt: string,
  wantedAth: string | undefined,
  boundTo: string | undefined,
): DpopRefusal | undefined {
  if (wantedAth !== undefined) {
    const { ath } = claims
    if (typeof ath !== 'string' || !sameSecret(ath, wantedAth))
      return refuse('ath, the hash of the access token sent along', ath === undefined ? 'none' : 'another')
  }
  if (boundTo !== undefined && !sameSecret(boundTo, jkt))
    return refuse('the key the credential is bound to', 'another key')
  return undefined
}

/** Check 10. */
function refuseNonce(claims: JsonObject, expected: ExpectedProof): DpopRefusal | undefined {
  const { nonce } = claims
  if (expected.nonce === undefined || expected.nonce(typeof nonce === 'string' ? nonce : undefined)) return undefined
  return {
    refused: 'use_dpop_nonce',
    rule: 'RFC 9449 §8',
    expected: 'the nonce of the last DPoP-Nonce header',
    got: nonce === undefined ? 'none' : 'a stale or foreign one',
    hint: 'Send the proof again with the nonce of the DPoP-Nonce header.',
  }
}

/** Check 11. */
function refuseAge(iat: number, nowSeconds: number): DpopRefusal | undefined {
  const age = nowSeconds - iat
  if (age <= proofLifetimeSeconds && age >= -futureSeconds) return undefined
  return refuse(
    `iat within ${proofLifetimeSeconds} s before and ${futureSeconds} s after now`,
    `${Math.round(age)} s old`,
  )
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 200)
}

function refuse(expected: string, got: string, rule = 'RFC 9449 §4.3'): DpopRefusal {
  const hint = 'Make a new proof for this very request: method, address, time, key and token.'
  return { refused: 'invalid_dpop_proof', rule, expected, got, hint }
}
