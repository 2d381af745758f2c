import { createPublicKey, type KeyObject } from 'node:crypto'
import { isSigningAlgorithm, type SigningAlgorithm } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import type { Refusal } from './refusal.ts'
import { hasRocaFingerprint } from './roca.ts'
import { isJsonObject, type JsonObject } from './strict-json.ts'
import { jwkThumbprint } from './thumbprint.ts'

/** A public key we can verify with (RFC 7517, RFC 7518 §6, RFC 8037 §2). */
export type PublicJwk = (EcJwk | RsaJwk | OkpJwk) & JwkLabels

interface EcJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
}
interface RsaJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
}
interface OkpJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
}
interface JwkLabels {
  readonly kid?: string
  readonly alg?: SigningAlgorithm
  readonly use?: 'sig'
}

/** A public key ready to verify. */
export interface VerifyKey {
  /** As published, or the thumbprint where the JWK names none. */
  readonly kid: string
  /** What this key may verify: what its kty and crv fit, narrowed by its `alg` (RFC 8725 §3.1: one key, one use). */
  readonly algorithms: readonly SigningAlgorithm[]
  readonly key: KeyObject
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string
}

export type JwkRefusal = Refusal<'invalid_jwk'>

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const
const minRsaBits = 2048
const maxRsaBits = 8192
const maxKidLength = 512

/**
 * Makes a key of a JWK that somebody else wrote.
 *
 * Refused: private or symmetric members, another use than signatures, a kty, crv or alg we do not sign with, coordinates
 * of the wrong length or off the curve, RSA under 2048 or over 8192 bits, a weak exponent, the ROCA fingerprint.
 *
 * @returns the key, or `invalid_jwk`; unknown members are ignored (RFC 7517 §4)
 * @throws nothing, whatever the input
 */
export function importPublicJwk(jwk: unknown): VerifyKey | JwkRefusal {
  if (!isJsonObject(jwk)) return refuse('RFC 7517 §4', 'a JSON object', typeof jwk)
  const leaked = privateMembers.find(name => Object.hasOwn(jwk, name))
  if (leaked !== undefined) return refuse('RFC 7517 §9.2', 'a public key', `private member ${leaked}`)
  const labels = refuseLabels(jwk)
  if (labels !== undefined) return labels
  const material = publicMaterial(jwk)
  if ('refused' in material) return material
  const algorithms = material.algorithms.filter(algorithm => jwk.alg === undefined || jwk.alg === algorithm)
  if (algorithms.length === 0) return refuse('RFC 7517 §4.4', material.algorithms.join(' or '), `alg ${show(jwk.alg)}`)
  const key = toKeyObject(material.jwk)
  if (key === undefined) return refuse('RFC 7518 §6', `a valid ${material.jwk.kty} key`, 'members that make no key')
  const thumbprint = jwkThumbprint(material.jwk)
  const kid = typeof jwk.kid === 'string' ? jwk.kid : thumbprint
  return { kid, algorithms, key, thumbprint }
}

function refuseLabels(jwk: JsonObject): JwkRefusal | undefined {
  const { use, key_ops: operations, kid, alg } = jwk
  if (use !== undefined && use !== 'sig') return refuse('RFC 7517 §4.2', 'use sig', show(use))
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return refuse('RFC 7517 §4.3', 'key_ops with verify', show(operations))
  if (Array.isArray(operations) && new Set(operations).size !== operations.length)
    return refuse('RFC 7517 §4.3', 'key_ops without repetition', show(operations))
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKidLength))
    return refuse('RFC 7517 §4.5', `kid, a string of at most ${maxKidLength}`, typeof kid)
  if (alg !== undefined && !isSigningAlgorithm(alg))
    return refuse('RFC 7517 §4.4', 'an algorithm we sign with', show(alg))
  return undefined
}

interface Material {
  readonly jwk: EcJwk | RsaJwk | OkpJwk
  readonly algorithms: readonly SigningAlgorithm[]
}

function publicMaterial(jwk: JsonObject): Material | JwkRefusal {
  const { kty, crv, x, y, n, e } = jwk
  if (kty === 'EC') {
    if (crv !== 'P-256') return refuse('RFC 7518 §6.2.1.1', 'crv P-256', show(crv))
    if (!isBytes(x, 32) || !isBytes(y, 32)) return refuse('RFC 7518 §6.2.1.2', 'x and y of 32 bytes', 'other lengths')
    return { jwk: { kty, crv, x, y }, algorithms: ['ES256'] }
  }
  if (kty === 'OKP') {
    if (crv !== 'Ed25519') return refuse('RFC 8037 §2', 'crv Ed25519', show(crv))
    if (!isBytes(x, 32)) return refuse('RFC 8037 §2', 'x of 32 bytes', 'another length')
    return { jwk: { kty, crv, x }, algorithms: ['EdDSA'] }
  }
  if (kty === 'RSA') {
    const refused = refuseRsa(n, e)
    if (refused !== undefined) return refused
    return { jwk: { kty, n: String(n), e: String(e) }, algorithms: ['PS256', 'RS256'] }
  }
  return refuse('RFC 7517 §4.1', 'kty EC, RSA or OKP', show(kty))
}

/** RFC 7518 §3.3 asks for 2048 bits, §2 for the shortest spelling of an integer; FIPS 186-5 §5.4 for 2^16 < e, odd. */
function refuseRsa(n: unknown, e: unknown): JwkRefusal | undefined {
  const modulus = typeof n === 'string' && n.length <= maxRsaBits / 6 + 4 ? decodeBase64url(n) : undefined
  const exponent = typeof e === 'string' && e.length <= 12 ? decodeBase64url(e) : undefined
  if (modulus === undefined || exponent === undefined)
    return refuse('RFC 7518 §6.3.1', 'n and e', 'missing or malformed')
  if (modulus[0] === 0 || exponent[0] === 0)
    return refuse('RFC 7518 §2', 'integers without leading zero', 'a leading zero')
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < minRsaBits || bits > maxRsaBits)
    return refuse('RFC 7518 §3.3', `${minRsaBits} to ${maxRsaBits} bits`, `${bits}`)
  const isOdd = ((modulus.at(-1) ?? 0) & (exponent.at(-1) ?? 0) & 1) === 1
  const isLarge = exponent.length > 2 && exponent.length <= 8
  if (!isOdd || !isLarge) return refuse('FIPS 186-5 §5.4', 'odd n, odd e over 65536', 'a weak modulus or exponent')
  if (hasRocaFingerprint(modulus)) return refuse('CVE-2017-15361', 'a sound RSA key', 'the ROCA fingerprint')
  return undefined
}

function isBytes(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length <= 64 && decodeBase64url(value)?.length === length
}

function toKeyObject(jwk: EcJwk | RsaJwk | OkpJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch (error) {
    // OpenSSL refuses points off the curve and other members that make no key by throwing.
    if (error instanceof Error) return undefined
    throw error
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 64)
}

function refuse(rule: string, expected: string, got: string): JwkRefusal {
  return {
    refused: 'invalid_jwk',
    rule,
    expected,
    got,
    hint: 'Send a public EC P-256, RSA or Ed25519 key for signatures.',
  }
}
