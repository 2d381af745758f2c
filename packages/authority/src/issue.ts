import type { Stored, Write } from '@sallyport/store'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import type { Grant } from './grant.ts'
import { type IdTokenPlan, idToken } from './id-token.ts'
import { type AccessTokenPlan, type IssuedAccessToken, issueAccessToken } from './issued-access-token.ts'
import { firstRefresh, nextRefresh, type PresentedRefresh, type RefreshWrites } from './refresh-rotation.ts'
import { familyRecord, type TokenFamily } from './token-family.ts'

/** What a grant's rules allowed: all that is needed to make the tokens, nothing that could still be refused. */
export interface Plan {
  readonly client: Client
  readonly access: AccessTokenPlan
  /** What the user allowed, as it was judged. */
  readonly grant: Stored<Grant> | undefined
  readonly family: TokenFamily | undefined
  /** Whether the family begins with these tokens and is stored with them. */
  readonly beginsFamily: boolean
  readonly refresh: RefreshPlan
  readonly idToken: IdTokenPlan | undefined
  /** The one-time credential that is taken when all is made. */
  readonly use: { readonly kind: 'code' | 'refresh'; readonly key: string } | undefined
}

export type RefreshPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'first' }
  | { readonly kind: 'next'; readonly presented: PresentedRefresh }
  /** A lost reply: the token that was already given is given again. */
  | { readonly kind: 'again'; readonly token: string }

/** Tokens made and signed, not yet given: `writes` go into the commit that uses the grant up. */
export interface Issued {
  readonly body: TokenBody
  readonly access: IssuedAccessToken
  readonly writes: readonly Write[]
}

/** A successful answer (OAuth 2.1 §3.2.3; RFC 9449 §5; OpenID Connect Core §3.1.3.3; RFC 8693 §2.2.1). */
export interface TokenBody {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly issued_token_type?: string
}

/** Makes and signs everything a plan asks for. It gives nothing away: that is the commit's doing. */
export async function issue(plan: Plan, context: AuthorityContext): Promise<Issued> {
  const access = await issueAccessToken(plan.access, context)
  const refresh = refreshWrites(plan, context)
  const identity = plan.idToken === undefined ? undefined : await idToken(plan.idToken, access.token, context)
  const family: Write[] = plan.beginsFamily && plan.family ? [{ put: familyRecord(plan.family) }] : []
  return {
    access,
    writes: [...family, ...access.writes, ...refresh.writes],
    body: {
      access_token: access.token,
      token_type: plan.access.jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: access.claims.exp - access.claims.iat,
      scope: plan.access.target.scope.join(' '),
      ...(refresh.token === '' ? {} : { refresh_token: refresh.token }),
      ...(identity === undefined ? {} : { id_token: identity }),
    },
  }
}

function refreshWrites(plan: Plan, context: AuthorityContext): RefreshWrites {
  const { refresh, family, client } = plan
  if (refresh.kind === 'again') return { token: refresh.token, writes: [] }
  if (refresh.kind === 'none' || family === undefined) return { token: '', writes: [] }
  return refresh.kind === 'first'
    ? firstRefresh(family, context)
    : nextRefresh(refresh.presented, family, client, context)
}
