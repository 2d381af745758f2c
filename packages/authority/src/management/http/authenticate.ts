import { type Caller, isRefusal, noRevocations, verifyAccessToken } from '@sallyport/credentials'
import type { FastifyRequest } from 'fastify'
import { findClient } from '../../clients.ts'
import { keySource } from '../../presented-access-token.ts'
import { isRevoked } from '../../revocations.ts'
import type { ManagementContext } from '../operation.ts'
import { type Problem, problem } from '../problem.ts'
import { type ManageScope, manageResource } from '../scopes.ts'

/**
 * Door one of the management API: a JWT access token of this authority, for this resource, live, with the operation's scope,
 * of a client itself. A user's token is refused: no rule says which users administer, and anybody can consent to a scope.
 *
 * @see RFC 9068 §4, RFC 6750 §3
 */
export async function authenticate(
  request: FastifyRequest,
  scope: ManageScope,
  context: ManagementContext,
): Promise<Caller | Problem> {
  const { authority } = context
  const header = request.headers.authorization
  const token = /^Bearer +(?<token>[\w.~+/-]+=*)$/i.exec(header ?? '')?.groups?.token
  if (token === undefined)
    return unauthorized(header === undefined ? undefined : 'malformed', 'Authorization: Bearer <token>')
  const resource = manageResource(authority.issuer)
  const expected = { issuer: authority.issuer, resource, leewaySeconds: authority.settings.leewaySeconds }
  const keys = keySource(authority.keys.ring(), authority.now())
  const caller = await verifyAccessToken({ scheme: 'Bearer', token }, expected, {
    nowSeconds: authority.now(),
    keys,
    revocations: noRevocations,
  })
  if (isRefusal(caller)) return unauthorized(caller.refused, caller.hint ?? caller.expected ?? 'a valid token')
  if (!(await isLive(caller, context))) return unauthorized('revoked', 'a token that was not revoked')
  if (caller.subjectType !== 'client') return notOfClient(caller.subject)
  if (caller.scopes.has(scope)) return caller
  return problem(403, 'insufficient_scope', 'The token lacks the scope.', {
    expected: scope,
    got: [...caller.scopes].join(' ') || 'none',
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
}

/** The authority asks its own records, so a revocation holds here at once. */
async function isLive(caller: Caller, { authority }: ManagementContext): Promise<boolean> {
  const { tokenId: jti, family, clientId: client_id, issuedAt: iat } = caller
  if (await isRevoked({ jti, client_id, iat, ...(family === undefined ? {} : { family }) }, caller.keyId, authority))
    return false
  const client = await findClient(authority, client_id)
  return client !== undefined && !client.disabled
}

const notOfClient = (subject: string): Problem =>
  problem(403, 'subject_not_client', 'The management API takes tokens of clients only.', {
    expected: 'a token by client_credentials',
    got: subject,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  })

function unauthorized(reason: string | undefined, expected: string): Problem {
  const challenge = reason === undefined ? 'Bearer' : `Bearer error="invalid_token", error_description="${reason}"`
  return problem(401, reason ?? 'token_missing', 'The management API needs a token.', {
    expected,
    got: reason ?? 'no token',
    headers: { 'www-authenticate': challenge },
  })
}
