import { constants } from 'node:crypto'

/**
 * The signature algorithms of Sallyport, all asymmetric. `none` and the HMAC family are not members, so no type and no
 * run-time path can hold them (RFC 8725 §3.1, RFC 9700 §2.2, FAPI 2.0 §5.4).
 */
export type SigningAlgorithm = 'ES256' | 'PS256' | 'RS256' | 'EdDSA'

/** Every algorithm we verify; an endpoint that allows fewer (FAPI 2.0 has no RS256) passes its own list. */
export const signingAlgorithms: readonly SigningAlgorithm[] = ['ES256', 'PS256', 'RS256', 'EdDSA']

/** The algorithms FAPI 2.0 §5.4 allows. */
export const fapiAlgorithms: readonly SigningAlgorithm[] = ['PS256', 'ES256', 'EdDSA']

export function isSigningAlgorithm(value: unknown): value is SigningAlgorithm {
  return value === 'ES256' || value === 'PS256' || value === 'RS256' || value === 'EdDSA'
}

/** What node:crypto needs to know of an algorithm; `hash` is null where the algorithm brings its own (RFC 8037 §3.1). */
interface Primitive {
  readonly hash: 'sha256' | null
  readonly options: {
    readonly dsaEncoding?: 'ieee-p1363'
    readonly padding?: number
    readonly saltLength?: number
  }
}

/** RFC 7518 §3.3 (RS256), §3.4 (ES256: R and S concatenated, no DER), §3.5 (PS256: salt as long as the hash). */
export const primitives: Readonly<Record<SigningAlgorithm, Primitive>> = {
  ES256: { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  PS256: { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  RS256: { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  EdDSA: { hash: null, options: {} },
}
