import { verify } from 'node:crypto'
import { isSigningAlgorithm, primitives, type SigningAlgorithm } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import type { VerifyKey } from './jwk.ts'
import type { Refusal } from './refusal.ts'
import { type JsonObject, parseJsonObject } from './strict-json.ts'

/** The protected header: what we read of it. Other members stay in `members` and choose nothing. */
export interface JwsHeader {
  readonly alg: SigningAlgorithm
  readonly typ: string | undefined
  readonly kid: string | undefined
  readonly members: JsonObject
}

/** A compact JWS taken apart. Nothing in it is proven before `verifyJws` said so. */
export interface ParsedJws {
  readonly header: JwsHeader
  readonly payload: Uint8Array
  readonly signingInput: string
  readonly signature: Uint8Array
}

export type JwsRefusal = Refusal<'malformed' | 'wrong_algorithm'>

/** The longest token read unless the caller says otherwise, in characters (all of them ASCII). */
export const maxTokenBytes = 8192

/**
 * Takes a compact JWS apart, strictly: three parts, canonical base64url, a UTF-8 JSON header without repeated names, an
 * `alg` of our allow-list, no `crit` and no `b64` (we know no extension, RFC 7515 §4.1.11, RFC 7797 §6).
 * The header's jku, jwk, x5u and x5c are never followed.
 *
 * @param limits  `maxBytes` of the whole token, default 8 KiB
 * @throws nothing, whatever the input
 */
export function parseCompactJws(text: string, limits: { readonly maxBytes?: number } = {}): ParsedJws | JwsRefusal {
  const maxBytes = limits.maxBytes ?? maxTokenBytes
  if (text.length > maxBytes) return malformed('RFC 7515 §7.1', `at most ${maxBytes} bytes`, `${text.length}`)
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second < 0 || text.indexOf('.', second + 1) >= 0)
    return malformed('RFC 7515 §7.1', 'three parts: header.payload.signature', 'another number of parts')
  const headerBytes = decodeBase64url(text.slice(0, first))
  const payload = decodeBase64url(text.slice(first + 1, second))
  const signature = decodeBase64url(text.slice(second + 1))
  if (headerBytes === undefined || payload === undefined || signature === undefined)
    return malformed('RFC 7515 §2', 'base64url without padding', 'another encoding')
  if (signature.length === 0) return malformed('RFC 7515 §5.2', 'a signature', 'none')
  const header = readHeader(parseJsonObject(headerBytes))
  if ('refused' in header) return header
  return { header, payload, signingInput: text.slice(0, second), signature }
}

/**
 * Whether the signature is right: the algorithm is one of `allowed`, fits the key's type and curve, and verifies.
 *
 * @see RFC 7515 §5.2, RFC 8725 §3.1 and §3.2
 */
export function verifyJws(parsed: ParsedJws, key: VerifyKey, allowed: readonly SigningAlgorithm[]): boolean {
  const { alg } = parsed.header
  if (!allowed.includes(alg) || !key.algorithms.includes(alg)) return false
  const { hash, options } = primitives[alg]
  return verify(hash, Buffer.from(parsed.signingInput, 'latin1'), { key: key.key, ...options }, parsed.signature)
}

function readHeader(members: JsonObject | undefined): JwsHeader | JwsRefusal {
  if (members === undefined) return malformed('RFC 7515 §4', 'a JSON header without repeated names', 'something else')
  const { alg, typ, kid } = members
  if (Object.hasOwn(members, 'crit') || Object.hasOwn(members, 'b64'))
    return malformed('RFC 7515 §4.1.11', 'no extensions', 'crit or b64')
  if (typ !== undefined && typeof typ !== 'string') return malformed('RFC 7515 §4.1.9', 'typ, a string', typeof typ)
  if (kid !== undefined && typeof kid !== 'string') return malformed('RFC 7515 §4.1.4', 'kid, a string', typeof kid)
  if (!isSigningAlgorithm(alg)) return wrongAlgorithm(alg)
  return { alg, typ, kid, members }
}

function malformed(rule: string, expected: string, got: string): JwsRefusal {
  return { refused: 'malformed', rule, expected, got, hint: 'Send the token exactly as it was issued.' }
}

function wrongAlgorithm(alg: unknown): JwsRefusal {
  return {
    refused: 'wrong_algorithm',
    rule: 'RFC 8725 §3.1',
    expected: 'ES256, PS256, RS256 or EdDSA',
    got: typeof alg === 'string' ? alg.slice(0, 32) : typeof alg,
    hint: 'Sign with an asymmetric algorithm of the list.',
  }
}
