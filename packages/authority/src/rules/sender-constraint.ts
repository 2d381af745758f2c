import type { Client } from '../client.ts'
import type { Resource } from '../resource.ts'
import type { TokenError } from '../token-error.ts'

/**
 * Where the client, the resource or one of the scopes allows sender-constrained tokens only, a proof is needed
 * (RFC 9449 §5.2, RFC 9700 §2.2.1).
 */
export function senderConstraint(
  client: Client,
  resource: Resource | undefined,
  scope: readonly string[],
  jkt: string | undefined,
): TokenError | undefined {
  if (jkt !== undefined) return undefined
  const who = whoRequires(client, resource, scope)
  if (who === undefined) return undefined
  return {
    error: 'invalid_dpop_proof',
    reason: 'sender_constraint_required',
    rule: 'RFC 9449 §5',
    expected: `a DPoP proof, required by ${who}`,
    got: 'none',
    hint: `Send a DPoP proof: ${who} allows sender-constrained tokens only.`,
  }
}

function whoRequires(client: Client, resource: Resource | undefined, scope: readonly string[]): string | undefined {
  if (client.dpop_bound_access_tokens) return 'this client'
  return constrainedBy(resource, scope)
}

/** The resource, or its scope among these, that allows sender-constrained tokens only. */
export function constrainedBy(resource: Resource | undefined, scope: readonly string[]): string | undefined {
  if (resource === undefined) return undefined
  if (resource.require_sender_constraint) return `the resource ${resource.resource}`
  const strict = resource.scopes.find(defined => defined.require_sender_constraint && scope.includes(defined.scope))
  return strict === undefined ? undefined : `the scope ${strict.scope}`
}
