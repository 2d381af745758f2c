import type { Resource } from '../resource.ts'

/** The scopes of the management API: a noun, and whether it is read or changed. */
export const manageScopes = [
  ['manage:clients:read', 'See the registered applications'],
  ['manage:clients:write', 'Register, change and remove applications'],
  ['manage:resources:read', 'See the registered APIs and their scopes'],
  ['manage:resources:write', 'Register, change and remove APIs and their scopes'],
  ['manage:users:read', 'See the users'],
  ['manage:users:write', 'Add, change and remove users'],
  ['manage:keys:read', 'See the signing keys'],
  ['manage:keys:write', 'Rotate and retire signing keys'],
  ['manage:grants:read', 'See what users allowed to applications'],
  ['manage:grants:write', 'Revoke what users allowed to applications'],
  ['manage:tokens:read', 'Inspect a token'],
  ['manage:tokens:write', 'Revoke a token'],
] as const

export type ManageScope = (typeof manageScopes)[number][0]

export const isManageScope = (scope: string): boolean => scope.startsWith('manage:')

/** The identifier of the management API as a resource (RFC 8707). */
export const manageResource = (issuer: string): string => `${issuer}/manage`

/** The management API's own entry among the resources; it cannot be changed by anyone. */
export function manageResourceRecord(issuer: string): Resource {
  return {
    resource: manageResource(issuer),
    name: 'Management of this authority',
    token_format: 'jwt',
    signing_alg: 'ES256',
    scopes: manageScopes.map(([scope, description]) => ({ scope, description })),
    require_sender_constraint: false,
    include_roles: false,
    introspection_clients: [],
  }
}
