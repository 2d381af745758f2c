import { verifyDpopProof } from '@sallyport/credentials'
import type { Account } from './account.ts'
import type { AuthorityContext } from './context.ts'
import { presentedAccessToken } from './presented-access-token.ts'
import type { TokenFamily } from './token-family.ts'
import { askedClaims, userClaims } from './user-claims.ts'

/** A request to userinfo, as received. */
export interface UserinfoRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly authorization: string | undefined
  /** Sent in a form body (RFC 6750 §2.2). */
  readonly bodyToken: string | undefined
  readonly proofs: readonly string[]
  readonly requestId: string
}

/** Why userinfo refused (RFC 6750 §3.1, RFC 9449 §7.1). Without `error` no token was shown at all. */
export interface UserinfoRefusal {
  readonly status: 400 | 401 | 403
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'invalid_dpop_proof' | 'use_dpop_nonce'
  readonly reason: string
  readonly hint: string
  /** The scheme that would do. */
  readonly scheme: 'Bearer' | 'DPoP'
}

export type Userinfo = Readonly<Record<string, unknown>> & { readonly sub: string }

/**
 * The claims about the signed-in user that scopes and the `claims` parameter asked for (OpenID Connect Core §5.3). `sub` is
 * the ID token's, byte for byte (§5.3.2, STANDARDS S71); a bound token needs its proof (S42, S43).
 */
export async function userinfo(
  request: UserinfoRequest,
  context: AuthorityContext,
): Promise<{ readonly claims: Userinfo; readonly clientId: string } | UserinfoRefusal> {
  const shown = shownToken(request)
  if ('status' in shown) return shown
  const presented = await presentedAccessToken(shown.token, context)
  if ('dead' in presented) return invalidToken(presented.dead, 'The access token is unknown, expired or revoked.')
  const { claims } = presented
  const unproven = await judgeSender(shown, claims.cnf?.jkt, request, context)
  if (unproven !== undefined) return unproven
  const scope = (claims.scope ?? '').split(' ')
  if (!scope.includes('openid')) return insufficientScope()
  const account = (await context.store.peek<Account>('account', claims.sub))?.value
  if (account === undefined || account.disabled) return invalidToken('account_disabled', 'The account is gone.')
  const family = (await context.store.peek<TokenFamily>('family', claims.family ?? ''))?.value
  const names = askedClaims(scope, family?.claims?.userinfo)
  return { claims: { ...userClaims(account, names), sub: account.id }, clientId: claims.client_id }
}

interface ShownToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

function shownToken(request: UserinfoRequest): ShownToken | UserinfoRefusal {
  const { authorization, bodyToken } = request
  if (authorization !== undefined && bodyToken !== undefined)
    return invalidRequest('token_repeated', 'Send the access token in one way only.')
  if (bodyToken !== undefined) return { scheme: 'Bearer', token: bodyToken }
  if (authorization === undefined)
    return { status: 401, reason: 'token_missing', hint: 'Send an access token.', scheme: 'Bearer' }
  const match = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)
  if (match?.[1] === undefined || match[2] === undefined)
    return invalidRequest('authorization_malformed', 'Send Authorization: Bearer or DPoP and the access token.')
  return { scheme: match[1].toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token: match[2] }
}

async function judgeSender(
  shown: ShownToken,
  jkt: string | undefined,
  request: UserinfoRequest,
  context: AuthorityContext,
): Promise<UserinfoRefusal | undefined> {
  if (jkt === undefined)
    return shown.scheme === 'Bearer'
      ? undefined
      : invalidToken('not_bound', 'This token is no DPoP token: send it as Bearer.')
  if (shown.scheme === 'Bearer')
    return {
      ...invalidToken('unbound', 'This token is bound to a key: send it as DPoP, with a proof.'),
      scheme: 'DPoP',
    }
  const [proof, second] = request.proofs
  if (proof === undefined || second !== undefined) return badProof('invalid_dpop_proof', 'Send one DPoP header.')
  const nowSeconds = context.now()
  const verified = verifyDpopProof(proof, {
    method: request.method,
    url: request.url,
    nowSeconds,
    accessToken: shown.token,
    boundTo: jkt,
    nonce: nonce => nonce === undefined || context.dpopNonces.accepts(nonce, nowSeconds),
  })
  if ('refused' in verified) return badProof(verified.refused, verified.hint ?? 'Make a new proof for this request.')
  const claimed = await context.store.claim('proof', verified.jtiHash, Math.ceil(verified.expiresAt))
  return claimed === 'won' ? undefined : badProof('invalid_dpop_proof', 'Make a new proof for each request.')
}

const invalidToken = (reason: string, hint: string): UserinfoRefusal => ({
  status: 401,
  error: 'invalid_token',
  reason,
  hint,
  scheme: 'Bearer',
})

const badProof = (error: 'invalid_dpop_proof' | 'use_dpop_nonce', hint: string): UserinfoRefusal => ({
  status: 401,
  error,
  reason: error,
  hint,
  scheme: 'DPoP',
})

const invalidRequest = (reason: string, hint: string): UserinfoRefusal => ({
  status: 400,
  error: 'invalid_request',
  reason,
  hint,
  scheme: 'Bearer',
})

const insufficientScope = (): UserinfoRefusal => ({
  status: 403,
  error: 'insufficient_scope',
  reason: 'scope_missing',
  hint: 'The token needs the scope openid.',
  scheme: 'Bearer',
})
