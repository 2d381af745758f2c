import { grantRecord } from '../../account-grants.ts'
import type { Grant } from '../../grant.ts'
import { revokeFamilies } from '../../revoke.ts'
import { auditAct } from '../audit-act.ts'
import { type Operation, operation } from '../operation.ts'
import { listPage, pageOf, pageQuery } from '../page.ts'

const tag = 'grants'
const second = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Unix seconds' } as const

const shownGrant = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    subject: { type: 'string' },
    client_id: { type: 'string' },
    scopes: {
      type: 'object',
      additionalProperties: true,
      description: "Scopes by resource; OpenID Connect's under the empty name",
    },
    created_at: second,
    last_used_at: second,
    revoked_at: second,
  },
  required: ['id', 'subject', 'client_id', 'scopes', 'created_at'],
  additionalProperties: false,
} as const

export const grantOperations: readonly Operation[] = [
  operation(
    {
      id: 'listGrants',
      method: 'GET',
      path: '/grants',
      tag,
      scope: 'manage:grants:read',
      summary: 'Lists what users allowed to clients, by user, by client, or all',
      query: {
        ...pageQuery,
        subject: { type: 'string', minLength: 1, maxLength: 256, description: 'The user, `user_…`' },
        client_id: { type: 'string', minLength: 1, maxLength: 100 },
      },
      success: { status: 200, description: 'A page of grants', schema: pageOf(shownGrant) },
    },
    ({ query }, context) => listPage<Grant>(context, 'grant', query, ({ value }) => ({ ...value }), indexOf(query)),
  ),
  operation(
    {
      id: 'revokeGrant',
      method: 'DELETE',
      path: '/grants/{id}',
      tag,
      scope: 'manage:grants:write',
      summary: 'Takes back what a user allowed, with every token of it; done again, it is done',
      success: {
        status: 200,
        description: 'How many token families ended',
        schema: {
          type: 'object',
          properties: { revoked_families: second },
          required: ['revoked_families'],
          additionalProperties: false,
        },
      },
    },
    async (request, context) => {
      const { authority } = context
      const id = request.params.id ?? ''
      const stored = await authority.store.peek<Grant>('grant', id)
      if (stored === undefined) return { body: { revoked_families: 0 } }
      if (stored.value.revoked_at === undefined) {
        await authority.store.commit([{ put: grantRecord({ ...stored.value, revoked_at: authority.now() }) }])
      }
      const cause = { actor: request.caller.subject, reason: 'grant_revoked' }
      const families = await revokeFamilies(authority, { grant: id }, cause)
      await auditAct(context, request, 'grant.revoke', id, { families })
      return { body: { revoked_families: families } }
    },
  ),
]

function indexOf(query: Readonly<Record<string, string>>): readonly [string, string] | undefined {
  const { subject, client_id: client } = query
  if (subject !== undefined && client !== undefined) return ['subject_client', `${subject} ${client}`]
  if (subject !== undefined) return ['subject', subject]
  return client === undefined ? undefined : ['client_id', client]
}
