import { findClient } from '../clients.ts'
import type { AuthorityContext } from '../context.ts'
import type { Resource } from '../resource.ts'
import { openidScopes } from '../rules/scope.ts'
import type { Schema, ValueOf } from './schema.ts'
import { isManageScope } from './scopes.ts'
import type { Issue } from './validate.ts'

const scopeName = {
  type: 'string',
  pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,256}$',
  title: 'a scope name (RFC 6749 §3.3)',
} as const

/** What can be said of a resource besides its identifier. */
export const resourceMembers = {
  name: { type: 'string', minLength: 1, maxLength: 200, description: 'The name that users see' },
  token_format: { type: 'string', enum: ['opaque', 'jwt'], default: 'jwt' },
  signing_alg: { type: 'string', enum: ['ES256', 'PS256', 'RS256', 'EdDSA'], default: 'ES256' },
  scopes: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        scope: scopeName,
        description: {
          type: 'string',
          minLength: 1,
          maxLength: 200,
          description: 'A plain sentence for the consent page',
        },
        implies: { type: 'array', items: scopeName, maxItems: 50, uniqueItems: true },
        require_sender_constraint: { type: 'boolean', default: false },
      },
      required: ['scope', 'description'],
      additionalProperties: false,
    },
    maxItems: 200,
  },
  access_token_ttl_seconds: { type: 'integer', minimum: 300, maximum: 900 },
  require_sender_constraint: { type: 'boolean', default: false },
  include_roles: { type: 'boolean', default: false, description: 'RFC 9068 §2.2.3.1' },
  introspection_clients: { type: 'array', items: { type: 'string', maxLength: 100 }, maxItems: 50, uniqueItems: true },
  phantom: {
    type: 'object',
    description: 'The client that may swap its tokens (RFC 8693), and what for',
    properties: { client_id: { type: 'string', maxLength: 100 }, audience: { type: 'string', maxLength: 2048 } },
    required: ['client_id', 'audience'],
    additionalProperties: false,
  },
} as const satisfies Readonly<Record<string, Schema>>

export const resourceSchema = {
  type: 'object',
  properties: resourceMembers,
  required: ['name'],
  additionalProperties: false,
} as const

export type ResourceDescription = ValueOf<typeof resourceSchema>

export function completeResource(given: ResourceDescription): Omit<Resource, 'resource'> {
  return {
    token_format: 'jwt',
    signing_alg: 'ES256',
    scopes: [],
    require_sender_constraint: false,
    include_roles: false,
    introspection_clients: [],
    ...given,
  }
}

/** What no schema can say of a resource. */
export async function judgeResource(
  context: Pick<AuthorityContext, 'store'>,
  given: ResourceDescription,
): Promise<readonly Issue[]> {
  const resource = completeResource(given)
  const issues: Issue[] = []
  const names = resource.scopes.map(({ scope }) => scope)
  for (const [index, { scope, implies = [] }] of resource.scopes.entries()) {
    const pointer = `/scopes/${index}/scope`
    if (names.indexOf(scope) < index) issues.push({ pointer, expected: 'each scope once', got: scope })
    if (openidScopes.includes(scope))
      issues.push({ pointer, expected: 'a scope that OpenID Connect does not define', got: scope })
    if (isManageScope(scope))
      issues.push({ pointer, expected: "a scope outside the management API's manage:", got: scope })
    const unknown = implies.find(each => !names.includes(each))
    if (unknown !== undefined) {
      issues.push({ pointer: `/scopes/${index}/implies`, expected: 'scopes of this resource', got: unknown })
    }
  }
  const clients = [
    ...resource.introspection_clients,
    ...(resource.phantom === undefined ? [] : [resource.phantom.client_id]),
  ]
  for (const id of clients) {
    if ((await findClient(context, id)) !== undefined) continue
    const pointer = id === resource.phantom?.client_id ? '/phantom/client_id' : '/introspection_clients'
    issues.push({ pointer, expected: 'a registered client', got: id })
  }
  return issues
}
