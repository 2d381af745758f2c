import { type AccessTokenClaims, mintOpaqueToken, signAccessToken } from '@sallyport/credentials'
import type { Write } from '@sallyport/store'
import type { Account } from './account.ts'
import type { AuthorityContext } from './context.ts'
import { newIdentifier } from './identifier.ts'
import type { TokenTarget } from './rules/token-target.ts'

/** An opaque access token's row. Stored as kind `access`, key its selector, which is also its `jti`. */
export interface AccessTokenRecord {
  readonly secret_hash: string
  readonly claims: AccessTokenClaims
}

/** What an access token says, whatever its form. */
export interface AccessTokenPlan {
  readonly subject: string
  readonly client_id: string
  readonly family: string
  readonly target: TokenTarget
  /** Thumbprint of the DPoP key it is bound to (RFC 9449 §6.1). */
  readonly jkt: string | undefined
  readonly account: Account | undefined
  /** Of the user's sign-in (RFC 9068 §2.2.1); `undefined` for a client's own token. */
  readonly authentication:
    | { readonly auth_time: number; readonly acr: string; readonly amr: readonly string[] }
    | undefined
}

export interface IssuedAccessToken {
  readonly token: string
  readonly claims: AccessTokenClaims
  /** The row of an opaque token; a JWT needs none. */
  readonly writes: readonly Write[]
}

/** DESIGN row 3: 5 to 15 minutes, whatever the configuration says. */
const bounds = { min: 300, max: 900 } as const

/**
 * Makes an access token: a JWT or an opaque one, as the resource wants. It holds no personal data; roles only where the
 * resource asks for them (RFC 9068 §2.2.3.1 and §6, STANDARDS S76).
 */
export async function issueAccessToken(plan: AccessTokenPlan, context: AuthorityContext): Promise<IssuedAccessToken> {
  const { resource } = plan.target
  const ttl = resource?.access_token_ttl_seconds ?? context.settings.accessTokenTtlSeconds
  const iat = context.now()
  const exp = iat + Math.min(Math.max(ttl, bounds.min), bounds.max)
  if (resource?.token_format === 'jwt') {
    const claims = accessTokenClaims(plan, { jti: newIdentifier('at', context), iat, exp }, context)
    const key = await context.keys.signing(resource.signing_alg)
    return { token: await signAccessToken(claims, key, context.sign), claims, writes: [] }
  }
  const minted = mintOpaqueToken('at', { nowMs: context.nowMs(), random: context.random })
  const claims = accessTokenClaims(plan, { jti: minted.selector, iat, exp }, context)
  const value: AccessTokenRecord = { secret_hash: minted.secretHash, claims }
  return {
    token: minted.token,
    claims,
    writes: [{ put: { kind: 'access', key: minted.selector, value, expiresAt: exp } }],
  }
}

function accessTokenClaims(
  plan: AccessTokenPlan,
  life: { readonly jti: string; readonly iat: number; readonly exp: number },
  context: AuthorityContext,
): AccessTokenClaims {
  const { resource, scope } = plan.target
  return {
    iss: context.issuer,
    sub: plan.subject,
    // Without a resource the token is for userinfo, which is the issuer's own.
    aud: resource?.resource ?? context.issuer,
    client_id: plan.client_id,
    ...life,
    scope: scope.join(' '),
    family: plan.family,
    ...plan.authentication,
    ...(resource?.include_roles && plan.account ? { roles: plan.account.roles } : {}),
    ...(plan.jkt === undefined ? {} : { cnf: { jkt: plan.jkt } }),
  }
}
