import { clientSubject, isConfidential } from '../client.ts'
import type { Grant } from '../granted.ts'
import { newIdentifier } from '../identifier.ts'
import { resolveScopes } from '../rules/scope.ts'
import { senderConstraint } from '../rules/sender-constraint.ts'
import { isTokenError, type TokenError } from '../token-error.ts'

/**
 * The client credentials grant (OAuth 2.1 §4.2): confidential clients only (STANDARDS S19), a subject that no user can have
 * (RFC 9068 §5, S53), a family of its own, no refresh token. A JWT needs no row, an opaque token one.
 */
export const clientCredentials: Grant = async ({ request, client, proof }, context) => {
  if (!isConfidential(client)) return publicClient(client.client_id)
  const resolved = await resolveScopes(context, {
    client,
    scope: request.parameters.get('scope'),
    resources: request.resources,
    user: false,
  })
  if (isTokenError(resolved)) return resolved
  const [resource, second] = resolved.resources
  if (resource === undefined || second !== undefined) return oneResource(resolved.resources.length)
  const unbound = senderConstraint(client, resource, resolved.scope, proof?.jkt)
  if (unbound !== undefined) return unbound
  return {
    client,
    grant: undefined,
    family: undefined,
    beginsFamily: false,
    refresh: { kind: 'none' },
    idToken: undefined,
    use: undefined,
    access: {
      subject: clientSubject(client.client_id),
      client_id: client.client_id,
      family: newIdentifier('fam', context),
      target: { resource, scope: resolved.scope },
      jkt: proof?.jkt,
      account: undefined,
      authentication: undefined,
    },
  }
}

const publicClient = (clientId: string): TokenError => ({
  error: 'unauthorized_client',
  reason: 'public_client',
  rule: 'OAuth 2.1 §4.2',
  expected: 'a confidential client',
  got: clientId,
  hint: 'Only a client with a secret or key may use client_credentials.',
})

const oneResource = (count: number): TokenError => ({
  error: 'invalid_target',
  reason: 'one_resource_a_token',
  rule: 'RFC 8707 §2.2',
  expected: 'one resource',
  got: `${count}`,
  hint: 'Ask for one resource a token.',
})
