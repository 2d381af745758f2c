import type { PrivateKey } from 'oauth4webapi'

/** An ES256 private JWK, as the demo's clients have one, in the shape that oauth4webapi and openid-client take. */
export async function signingKey(jwk: object | undefined): Promise<PrivateKey & { readonly kid: string }> {
  const { kid = '', ...members }: JsonWebKey & { readonly kid?: string } = { ...jwk }
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return {
    kid,
    key: await crypto.subtle.importKey('jwk', { ...members, key_ops: ['sign'] }, algorithm, false, ['sign']),
  }
}
