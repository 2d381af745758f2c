import { type Sign, signJwt } from './sign.ts'
import type { SigningKey } from './signing-key.ts'

/** What a client proves itself with at an issuer. */
export interface ClientAssertion {
  readonly clientId: string
  /** The issuer's identifier: the only audience that every server accepts and none can forward (RFC 7523bis §4). */
  readonly issuer: string
  readonly key: SigningKey
  /** Unix seconds. */
  readonly nowSeconds: number
  /** Unique for each assertion, at least 128 random bits. */
  readonly jti: string
  /** Default 60. */
  readonly lifetimeSeconds?: number
}

/** `client_assertion_type` of a JWT (RFC 7523 §2.2). */
export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * A `client_assertion` for private_key_jwt: use it once.
 *
 * @see RFC 7523 §2.2 and §3, OpenID Connect Core §9, FAPI 2.0 §5.3.3.1
 */
export function createClientAssertion(assertion: ClientAssertion, sign: Sign): Promise<string> {
  const { clientId, issuer, key, nowSeconds: iat, jti, lifetimeSeconds = 60 } = assertion
  const claims = { iss: clientId, sub: clientId, aud: issuer, iat, exp: iat + lifetimeSeconds, jti }
  return signJwt({ typ: 'JWT', claims, key }, sign)
}
