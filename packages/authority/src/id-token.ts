import { hash } from 'node:crypto'
import { signJwt } from '@sallyport/credentials'
import type { Account } from './account.ts'
import type { AuthorityContext } from './context.ts'
import { askedClaims, userClaims } from './user-claims.ts'

export interface IdTokenPlan {
  readonly client_id: string
  readonly account: Account
  readonly session: string | undefined
  /** Only in the first ID token of a sign-in (OpenID Connect Core §12.2). */
  readonly nonce: string | undefined
  readonly authentication: { readonly auth_time: number; readonly acr: string; readonly amr: readonly string[] }
  /** Names that the `claims` parameter asked for here (Core §5.5); scopes are answered by userinfo (Core §5.4). */
  readonly claims: readonly string[]
}

/**
 * An ID token: who signed in, when and how, for the client alone. Signed with ES256; `at_hash` ties it to the access token
 * beside it.
 *
 * @see OpenID Connect Core §2, §3.1.3.6, §5.5
 */
export async function idToken(plan: IdTokenPlan, accessToken: string, context: AuthorityContext): Promise<string> {
  const key = await context.keys.signing('ES256')
  const iat = context.now()
  const claims = {
    ...userClaims(plan.account, askedClaims([], plan.claims)),
    iss: context.issuer,
    sub: plan.account.id,
    aud: plan.client_id,
    iat,
    exp: iat + context.settings.idTokenTtlSeconds,
    ...plan.authentication,
    at_hash: leftHalf(accessToken),
    ...(plan.nonce === undefined ? {} : { nonce: plan.nonce }),
    ...(plan.session === undefined ? {} : { sid: plan.session }),
  }
  return signJwt({ typ: 'JWT', claims, key }, context.sign)
}

/** The left half of the hash that the ID token's algorithm uses (Core §3.1.3.6). */
const leftHalf = (accessToken: string): string =>
  Buffer.from(hash('sha256', accessToken, 'buffer'))
    .subarray(0, 16)
    .toString('base64url')
