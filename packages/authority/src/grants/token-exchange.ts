import { type AccessTokenClaims, signAccessToken } from '@sallyport/credentials'
import type { Account } from '../account.ts'
import type { AuthorityContext } from '../context.ts'
import type { GrantRequest } from '../granted.ts'
import type { TokenBody } from '../issue.ts'
import { presentedAccessToken } from '../presented-access-token.ts'
import type { Resource } from '../resource.ts'
import { findResource } from '../resources.ts'
import { exchangeRequest } from '../rules/exchange-request.ts'
import { openidScopes, scopeTokens } from '../rules/scope.ts'
import { constrainedBy } from '../rules/sender-constraint.ts'
import { isTokenError, type TokenError } from '../token-error.ts'

/** An exchanged token and what it says; nothing is used up and nothing stored. */
export interface Exchanged {
  readonly body: TokenBody
  readonly claims: AccessTokenClaims
}

/**
 * Token exchange (RFC 8693) for one purpose: the gateway swaps a token from outside, opaque or JWT, for a JWT that the
 * service behind it accepts. Same subject, client, sign-in and family; the service as audience; no wider scope; the end of
 * the outside token, or 60 s. `cnf` is dropped because the gateway checked the proof, and `sender` says that it did, for
 * operations that want more than a bearer token (S77): where the service wants only such tokens, the one outside must be
 * bound. The `jti` stays: it is the same token by value, so what revokes one
 * revokes the other.
 *
 * @see DECISIONS "Phantom token"; RFC 8693 §2.1, §2.2; STANDARDS S59, S60
 */
export async function tokenExchange(
  { request, client }: GrantRequest,
  context: AuthorityContext,
): Promise<Exchanged | TokenError> {
  const asked = exchangeRequest(request)
  if (isTokenError(asked)) return asked
  const presented = await presentedAccessToken(asked.subjectToken, context)
  if ('dead' in presented) return deadSubject(presented.dead)
  const { claims } = presented
  const outside = typeof claims.aud === 'string' ? await findResource(context, claims.aud) : undefined
  const phantom = outside?.phantom
  if (phantom === undefined || phantom.client_id !== client.client_id) return notForThisClient(String(claims.aud))
  const elsewhere = asked.targets.find(target => target !== phantom.audience)
  if (elsewhere !== undefined) return wrongTarget(phantom.audience, elsewhere)
  const inside = await findResource(context, phantom.audience)
  const scope = insideScope(claims, inside, request.parameters.get('scope'))
  if (isTokenError(scope)) return scope
  const strict = claims.cnf?.jkt === undefined ? constrainedBy(inside, scope) : undefined
  if (strict !== undefined) return unboundSubject(strict)
  const swapped = await phantomClaims(claims, { audience: phantom.audience, inside, scope }, context)
  const key = await context.keys.signing(inside?.signing_alg ?? 'ES256')
  const token = await signAccessToken(swapped, key, context.sign)
  return {
    claims: swapped,
    body: {
      access_token: token,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: swapped.exp - swapped.iat,
      scope: scope.join(' '),
    },
  }
}

async function phantomClaims(
  outside: AccessTokenClaims,
  to: { readonly audience: string; readonly inside: Resource | undefined; readonly scope: readonly string[] },
  context: AuthorityContext,
): Promise<AccessTokenClaims> {
  const { cnf, roles: _ofTheOutside, ...kept } = outside
  const iat = context.now()
  const account = to.inside?.include_roles
    ? (await context.store.peek<Account>('account', outside.sub))?.value
    : undefined
  return {
    ...kept,
    aud: to.audience,
    iat,
    exp: Math.min(outside.exp, iat + context.settings.phantomTokenTtlSeconds),
    scope: to.scope.join(' '),
    ...(account === undefined ? {} : { roles: account.roles }),
    ...(cnf?.jkt === undefined ? {} : { sender: 'dpop' }),
  }
}

/** What the outside token holds of the service's scopes; who the user is stays outside. */
function insideScope(
  claims: AccessTokenClaims,
  inside: Resource | undefined,
  asked: string | undefined,
): readonly string[] | TokenError {
  const held = (claims.scope ?? '').split(' ').filter(scope => scope !== '' && !openidScopes.includes(scope))
  const known = held.filter(scope => inside === undefined || inside.scopes.some(defined => defined.scope === scope))
  if (asked === undefined) return known
  const wanted = scopeTokens(asked)
  if (isTokenError(wanted)) return wanted
  const wider = wanted.find(scope => !known.includes(scope))
  if (wider === undefined) return wanted
  return {
    error: 'invalid_scope',
    reason: 'exchange_widens_scope',
    rule: 'RFC 8693 §2.1',
    expected: known.join(' ') || 'none',
    got: wider,
    hint: `The subject token does not hold the scope ${wider}.`,
  }
}

/** RFC 8693 §2.2.2: a subject token that is invalid for any reason is `invalid_request`. */
const deadSubject = (got: string): TokenError => ({
  error: 'invalid_request',
  reason: 'subject_token_inactive',
  rule: 'RFC 8693 §2.2.2',
  expected: 'a live access token of this issuer',
  got,
  hint: 'The subject_token is unknown, expired or revoked.',
})

/** A service that takes sender-constrained tokens only must not get by exchange what it would not get by itself. */
const unboundSubject = (who: string): TokenError => ({
  error: 'invalid_request',
  reason: 'subject_token_unbound',
  rule: 'RFC 8693 §2.2.2',
  expected: `a subject token bound to a key, required by ${who}`,
  got: 'a bearer token',
  hint: `Exchange a token that is bound to a key: ${who} allows sender-constrained tokens only.`,
})

const notForThisClient = (audience: string): TokenError => ({
  error: 'invalid_target',
  reason: 'exchange_not_allowed',
  rule: 'RFC 8693 §2.2.2',
  expected: 'a token of a resource whose phantom token this client may get',
  got: audience,
  hint: 'This client may not exchange tokens of this resource.',
})

const wrongTarget = (expected: string, got: string): TokenError => ({
  error: 'invalid_target',
  reason: 'exchange_target',
  rule: 'RFC 8693 §2.2.2',
  expected,
  got: got.slice(0, 256),
  hint: `Tokens of this resource are exchanged for ${expected} alone.`,
})
