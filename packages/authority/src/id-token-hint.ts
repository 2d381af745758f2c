import { fixedKeys, keyState, signingAlgorithms, verifyJwt, verifyKeyOf } from '@sallyport/credentials'
import type { AuthorizationError } from './authorization-error.ts'
import type { AuthorityContext } from './context.ts'

/** What an ID token of ours tells when it comes back as a hint. */
export interface IdTokenHint {
  readonly subject?: string
  readonly clientId?: string
  readonly sid?: string
}

/**
 * Reads `id_token_hint`: an ID token that we issued, even one that has expired. At the authorization endpoint it must be
 * this client's own.
 *
 * @param clientId  the client it must have been issued to; `undefined` where the hint is what names the client (logout)
 * @see OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2
 */
export async function judgeIdTokenHint(
  hint: string | undefined,
  clientId: string | undefined,
  context: AuthorityContext,
): Promise<IdTokenHint | AuthorizationError> {
  if (hint === undefined) return {}
  const now = context.now()
  const keys = context.keys.ring().keys.filter(entry => keyState(entry, now) !== 'removed')
  const verified = await verifyJwt(hint, {
    typ: ['JWT', undefined],
    algorithms: signingAlgorithms,
    keys: fixedKeys(keys.map(({ key }) => verifyKeyOf(key))),
    issuer: context.issuer,
    audience: clientId,
    nowSeconds: now,
    leewaySeconds: context.settings.leewaySeconds,
    acceptExpired: true,
  })
  if ('refused' in verified) {
    const { refused, expected = '', got = '' } = verified
    return {
      error: 'invalid_request',
      reason: `id_token_hint_${refused}`,
      rule: 'OpenID Connect Core §3.1.2.1',
      expected,
      got,
      hint: 'id_token_hint is not an ID token of this issuer for this client.',
    }
  }
  const { sub, aud, sid } = verified.claims
  const audience = Array.isArray(aud) ? aud[0] : aud
  return {
    ...(typeof sub === 'string' && { subject: sub }),
    ...(typeof audience === 'string' && { clientId: audience }),
    ...(typeof sid === 'string' && { sid }),
  }
}
