import { type AccessTokenClaims, signJwt } from '@sallyport/credentials'
import { type Client, isConfidential } from './client.ts'
import { authenticateClient } from './client-authentication.ts'
import type { AuthorityContext } from './context.ts'
import { presentedAccessToken } from './presented-access-token.ts'
import { findResource } from './resources.ts'
import { isTokenError, type TokenError } from './token-error.ts'
import { recordRefusal } from './token-records.ts'
import type { TokenRequest } from './token-request.ts'

/** RFC 7662 §2.2. An inactive token's answer says nothing else. */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true; readonly token_type: 'Bearer' | 'DPoP' } & AccessTokenClaims)

export interface IntrospectionAnswer {
  readonly body: Introspection
  /** The same as a signed JWT (RFC 9701 §5), where that was asked for. */
  readonly jwt: string | undefined
}

/**
 * Introspection (RFC 7662): what an access token says, opaque or JWT, to a client that the token's resource allows to ask.
 * An unknown, expired, revoked or foreign token is `{"active":false}` and nothing else (§2.2, STANDARDS S54); the log says
 * which.
 *
 * @param wantsJwt  whether `Accept` asks for `application/token-introspection+jwt` (RFC 9701 §4)
 */
export async function introspect(
  request: TokenRequest,
  wantsJwt: boolean,
  context: AuthorityContext,
): Promise<IntrospectionAnswer | TokenError> {
  const client = await authenticateClient(request, context)
  const refused = isTokenError(client) ? client : judge(client, request)
  if (refused !== undefined) {
    recordRefusal('introspection', refused, request, context)
    return refused
  }
  if (isTokenError(client)) return client
  const body = await introspection(request.parameters.get('token') ?? '', client, request, context)
  const signed = wantsJwt || client.require_signed_introspection === true
  return { body, jwt: signed ? await introspectionJwt(body, client, context) : undefined }
}

function judge(client: Client, request: TokenRequest): TokenError | undefined {
  if (!isConfidential(client))
    return {
      error: 'invalid_client',
      reason: 'introspection_public_client',
      rule: 'RFC 7662 §2.1',
      expected: 'a client that authenticates',
      got: client.client_id,
      hint: 'Introspection needs a client with a secret or key.',
    }
  if (request.parameters.has('token')) return undefined
  return {
    error: 'invalid_request',
    reason: 'token_missing',
    rule: 'RFC 7662 §2.1',
    expected: 'token',
    got: 'none',
    hint: 'Send the token.',
  }
}

async function introspection(
  token: string,
  client: Client,
  request: TokenRequest,
  context: AuthorityContext,
): Promise<Introspection> {
  const presented = await presentedAccessToken(token, context)
  const why = 'dead' in presented ? presented.dead : await foreign(presented.claims, client, context)
  if (why !== undefined || 'dead' in presented) {
    context.log.info('introspection_inactive', {
      reason: why,
      client_id: client.client_id,
      request_id: request.requestId,
    })
    return { active: false }
  }
  const { claims } = presented
  return { ...claims, active: true, token_type: claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP' }
}

async function foreign(
  claims: AccessTokenClaims,
  client: Client,
  context: AuthorityContext,
): Promise<string | undefined> {
  const resource = typeof claims.aud === 'string' ? await findResource(context, claims.aud) : undefined
  return resource?.introspection_clients.includes(client.client_id) ? undefined : 'not_for_this_client'
}

/** RFC 9701 §5: signed, for the asking client alone, of a type that is no access token. */
async function introspectionJwt(body: Introspection, client: Client, context: AuthorityContext): Promise<string> {
  const key = await context.keys.signing('ES256')
  const claims = { iss: context.issuer, aud: client.client_id, iat: context.now(), token_introspection: body }
  return signJwt({ typ: 'token-introspection+jwt', claims, key }, context.sign)
}
