import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from './algorithms.ts'
import { importPublicJwk, type JwkRefusal, type PublicJwk, type VerifyKey } from './jwk.ts'
import { isJsonObject } from './strict-json.ts'

/** A private key with the one algorithm it signs with (RFC 8725 §3.1). */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
  /** What is published: with `kid`, `alg` and `use`. */
  readonly publicJwk: PublicJwk
}

/** A private key as a JWK (RFC 7517, RFC 7518 §6): only for sealed storage and for the owner's hands. */
export type PrivateJwk = PublicJwk & {
  readonly d: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}

const rsaBits = 2048

/** Makes a key from the platform's random source. `kid` is the thumbprint, so that equal keys have equal names. */
export function generateSigningKey(algorithm: SigningAlgorithm): SigningKey {
  const made = toSigningKey(generate(algorithm), algorithm, undefined)
  if ('refused' in made) throw new Error(`a generated ${algorithm} key was refused: ${made.got}`)
  return made
}

function generate(algorithm: SigningAlgorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'EdDSA':
      return generateKeyPairSync('ed25519').privateKey
    case 'PS256':
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: rsaBits }).privateKey
  }
}

/** The key with its private members; seal it before it is kept. */
export function exportPrivateJwk(key: SigningKey): PrivateJwk {
  const { d, p, q, dp, dq, qi } = key.privateKey.export({ format: 'jwk' })
  if (d === undefined) throw new Error('a private key without d')
  const factors = p && q && dp && dq && qi ? { p, q, dp, dq, qi } : {}
  return { ...key.publicJwk, d, ...factors }
}

/**
 * Reads a private JWK for one algorithm. A JWK whose halves do not belong together is refused.
 *
 * @returns the key, or `invalid_jwk`
 * @throws nothing, whatever the input
 */
export function importPrivateJwk(jwk: unknown, algorithm: SigningAlgorithm): SigningKey | JwkRefusal {
  if (!isJsonObject(jwk)) return refuse('a JSON object', typeof jwk)
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return refuse(`alg ${algorithm}`, 'another alg')
  if (jwk.use !== undefined && jwk.use !== 'sig') return refuse('use sig', 'another use')
  const kid = jwk.kid
  if (kid !== undefined && typeof kid !== 'string') return refuse('kid, a string', typeof kid)
  const privateKey = toPrivateKey(jwk)
  if (privateKey === undefined) return refuse(`a private ${algorithm} key`, 'members that make none')
  return toSigningKey(privateKey, algorithm, kid)
}

/** Importing a key costs more than half a verification; a key that is no longer held takes its entry along. */
const verifyKeys = new WeakMap<SigningKey, VerifyKey>()

/** The public half of a key, ready to verify what it signs. */
export function verifyKeyOf(key: SigningKey): VerifyKey {
  const known = verifyKeys.get(key)
  if (known !== undefined) return known
  const verifyKey = importPublicJwk(key.publicJwk)
  if ('refused' in verifyKey) throw new Error(`the public half of key ${key.kid} was refused: ${verifyKey.got}`)
  verifyKeys.set(key, verifyKey)
  return verifyKey
}

function toPrivateKey(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  try {
    return createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  } catch (error) {
    // OpenSSL throws for members that make no key, and for halves of two keys.
    if (error instanceof Error) return undefined
    throw error
  }
}

function toSigningKey(privateKey: KeyObject, algorithm: SigningAlgorithm, kid: string | undefined) {
  const publicMembers = createPublicKey(privateKey).export({ format: 'jwk' })
  const checked = importPublicJwk({ ...publicMembers, alg: algorithm, use: 'sig' })
  if ('refused' in checked) return checked
  const name = kid ?? checked.thumbprint
  const publicJwk = { ...publicMembers, kid: name, alg: algorithm, use: 'sig' } as PublicJwk
  return { kid: name, algorithm, privateKey, publicJwk } satisfies SigningKey
}

function refuse(expected: string, got: string): JwkRefusal {
  return { refused: 'invalid_jwk', rule: 'RFC 7517 §4', expected, got }
}
