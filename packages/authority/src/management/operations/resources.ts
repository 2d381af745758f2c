import type { Client } from '../../client.ts'
import type { Resource } from '../../resource.ts'
import { auditAct } from '../audit-act.ts'
import { applyMergePatch } from '../merge-patch.ts'
import {
  type ManagementAnswer,
  type ManagementContext,
  type ManagementRequest,
  type Operation,
  operation,
} from '../operation.ts'
import { listPage, pageOf, pageQuery } from '../page.ts'
import { invalidBody, type Problem, problem } from '../problem.ts'
import {
  completeResource,
  judgeResource,
  type ResourceDescription,
  resourceMembers,
  resourceSchema,
} from '../resource-description.ts'
import type { ValueOf } from '../schema.ts'
import { manageResource } from '../scopes.ts'
import { notFoundOr, writeVersioned } from '../versioned.ts'

const tag = 'resources'
const identifier = {
  type: 'string',
  minLength: 1,
  maxLength: 900,
  description: 'An absolute URI without a fragment (RFC 8707 §2)',
} as const

const shownResource = {
  type: 'object',
  properties: { resource: identifier, ...resourceMembers },
  required: ['resource', 'name'],
  additionalProperties: false,
} as const

export const resourceOperations: readonly Operation[] = [
  operation(
    {
      id: 'listResources',
      method: 'GET',
      path: '/resources',
      tag,
      scope: 'manage:resources:read',
      summary: 'Lists the resources with their scopes',
      query: pageQuery,
      success: { status: 200, description: 'A page of resources', schema: pageOf(shownResource) },
    },
    (request, context) => listPage<Resource>(context, 'resource', request.query, ({ value }) => ({ ...value })),
  ),
  operation(
    {
      id: 'addResource',
      method: 'POST',
      path: '/resources',
      tag,
      scope: 'manage:resources:write',
      summary: 'Registers an API that tokens are for',
      body: shownResource,
      refusals: [409],
      success: { status: 201, description: 'The resource', schema: shownResource },
    },
    addResource,
  ),
  operation(
    {
      id: 'readResource',
      method: 'GET',
      path: '/resources/{resource}',
      tag,
      scope: 'manage:resources:read',
      summary: 'Shows a resource; its identifier is percent-encoded in the path',
      refusals: [404],
      success: { status: 200, description: 'The resource', schema: shownResource },
    },
    async ({ params }, { authority }) =>
      notFoundOr(
        await authority.store.peek<Resource>('resource', params.resource ?? ''),
        'resource',
        params,
        ({ value, version }) => ({
          body: { ...value },
          version,
        }),
      ),
  ),
  operation(
    {
      id: 'changeResource',
      method: 'PATCH',
      path: '/resources/{resource}',
      tag,
      scope: 'manage:resources:write',
      summary: 'Changes the members named; null takes one away (RFC 7396)',
      body: { ...resourceSchema, required: [] },
      conditional: true,
      refusals: [403, 404, 412, 428],
      success: { status: 200, description: 'The resource as it is now', schema: shownResource },
    },
    changeResource,
  ),
  operation(
    {
      id: 'removeResource',
      method: 'DELETE',
      path: '/resources/{resource}',
      tag,
      scope: 'manage:resources:write',
      summary: 'Removes a resource that no client is registered for; done again, it is done',
      refusals: [403, 409],
      success: { status: 204, description: 'It is not there' },
    },
    removeResource,
  ),
]

/**
 * The key that its tokens are signed with is made now, if there is none: a verifier may keep the JWKS it has for minutes,
 * whatever key id it then sees (RFC 7517 §5 sets no refetch), so a key is published before it signs.
 */
async function addResource(
  request: ManagementRequest<ValueOf<typeof shownResource>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const { authority } = context
  const { resource: id, ...described } = request.body
  const issues = [...judgeIdentifier(id), ...(await judgeResource(authority, described))]
  if (issues.length > 0) return invalidBody(issues)
  const value: Resource = { resource: id, ...completeResource(described) }
  await authority.keys.signing(value.signing_alg)
  const result = await authority.store.commit([{ insert: { kind: 'resource', key: id, value } }])
  if ('conflict' in result) return problem(409, 'resource_exists', `There is a resource ${id} already.`)
  await auditAct(context, request, 'resource.add', id)
  const stored = await authority.store.peek<Resource>('resource', id)
  return { body: { ...value }, location: `/manage/resources/${encodeURIComponent(id)}`, version: stored?.version ?? 1 }
}

async function changeResource(
  request: ManagementRequest<Partial<ValueOf<typeof resourceSchema>>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const id = request.params.resource ?? ''
  if (id === manageResource(context.authority.issuer)) return ownResource
  return writeVersioned<Resource>(request, context, {
    kind: 'resource',
    id,
    next: async ({ resource, ...described }) => {
      const patched = applyMergePatch<ResourceDescription>(resourceSchema, described, request)
      if ('issues' in patched) return invalidBody(patched.issues)
      const issues = await judgeResource(context.authority, patched.merged)
      if (issues.length > 0) return invalidBody(issues)
      const changed: Resource = { resource, ...completeResource(patched.merged) }
      await context.authority.keys.signing(changed.signing_alg)
      return changed
    },
    index: undefined,
    action: 'resource.change',
    show: value => ({ ...value }),
  })
}

async function removeResource(
  request: ManagementRequest<undefined>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const { authority } = context
  const id = request.params.resource ?? ''
  if (id === manageResource(authority.issuer)) return ownResource
  if ((await authority.store.peek('resource', id)) === undefined) return {}
  const user = await clientOf(id, context)
  if (user !== undefined) {
    return problem(409, 'resource_used', 'A client is registered for this resource.', {
      got: user,
      detail: 'Take the resource from its clients first.',
    })
  }
  await authority.store.commit([{ remove: { kind: 'resource', key: id } }])
  await auditAct(context, request, 'resource.remove', id)
  return {}
}

async function clientOf(resource: string, { authority }: ManagementContext): Promise<string | undefined> {
  let after: string | undefined
  do {
    const page = await authority.store.list<Client>('client', { limit: 200, ...(after === undefined ? {} : { after }) })
    const user = page.records.find(({ value }) => value.resources.includes(resource))
    if (user !== undefined) return user.key
    after = page.next
  } while (after !== undefined)
  return undefined
}

function judgeIdentifier(id: string) {
  const parsed = URL.parse(id)
  const fits =
    parsed !== null &&
    /^[\x21-\x7e]+$/.test(id) &&
    !id.includes('#') &&
    parsed.username === '' &&
    parsed.password === ''
  return fits
    ? []
    : [
        {
          pointer: '/resource',
          expected: 'an absolute URI without a fragment (RFC 8707 §2)',
          got: JSON.stringify(id.slice(0, 80)),
        },
      ]
}

const ownResource = problem(403, 'own_resource', 'The management API describes itself and cannot be changed.')
