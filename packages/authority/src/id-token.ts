import { hash } from 'node:crypto'
import { type SigningAlgorithm, signJwt } from '@sallyport/credentials'
import type { Account } from './account.ts'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { askedClaims, userClaims } from './user-claims.ts'

export interface IdTokenPlan {
  readonly client: Client
  readonly account: Account
  readonly session: string | undefined
  /** Only in the first ID token of a sign-in (OpenID Connect Core §12.2). */
  readonly nonce: string | undefined
  readonly authentication: { readonly auth_time: number; readonly acr: string; readonly amr: readonly string[] }
  /** Names that the `claims` parameter asked for here (Core §5.5); scopes are answered by userinfo (Core §5.4). */
  readonly claims: readonly string[]
}

/**
 * An ID token: who signed in, when and how, for the client alone. `at_hash` ties it to the access token
 * beside it.
 *
 * @see OpenID Connect Core §2, §3.1.3.6, §5.5
 */
export async function idToken(plan: IdTokenPlan, accessToken: string, context: AuthorityContext): Promise<string> {
  const algorithm = plan.client.id_token_signed_response_alg ?? 'ES256'
  const key = await context.keys.signing(algorithm)
  const iat = context.now()
  const claims = {
    ...userClaims(plan.account, askedClaims([], plan.claims)),
    iss: context.issuer,
    sub: plan.account.id,
    aud: plan.client.client_id,
    iat,
    exp: iat + context.settings.idTokenTtlSeconds,
    ...plan.authentication,
    at_hash: leftHalf(accessToken, algorithm),
    ...(plan.nonce === undefined ? {} : { nonce: plan.nonce }),
    ...(plan.session === undefined ? {} : { sid: plan.session }),
  }
  return signJwt({ typ: 'JWT', claims, key }, context.sign)
}

/** The left half of the hash that the ID token's algorithm uses (Core §3.1.3.6); Ed25519 uses SHA-512 (RFC 8032 §5.1). */
function leftHalf(accessToken: string, algorithm: SigningAlgorithm): string {
  const digest = hash(algorithm === 'EdDSA' ? 'sha512' : 'sha256', accessToken, 'buffer')
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
