import { hash } from 'node:crypto'
import type { PublicJwk } from './jwk.ts'

/**
 * The SHA-256 thumbprint of a public key, base64url: its required members only, in lexical order, without white space.
 *
 * @see RFC 7638 §3, RFC 8037 §2 for OKP
 */
export function jwkThumbprint(jwk: PublicJwk): string {
  return hash('sha256', canonical(jwk), 'base64url')
}

function canonical(jwk: PublicJwk): string {
  switch (jwk.kty) {
    case 'EC':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y })
    case 'RSA':
      return JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n })
    case 'OKP':
      return JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x })
  }
}
