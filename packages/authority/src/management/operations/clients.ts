import type { Client } from '../../client.ts'
import { auditAct } from '../audit-act.ts'
import {
  type ClientMetadata,
  clientMetadata,
  clientMetadataSchema,
  completeMetadata,
  givenMetadata,
  judgeMetadata,
} from '../client-metadata.ts'
import { addSecret, type NewSecret, newSecret } from '../client-secret.ts'
import { applyMergePatch } from '../merge-patch.ts'
import {
  type ManagementAnswer,
  type ManagementContext,
  type ManagementRequest,
  type Operation,
  operation,
} from '../operation.ts'
import { listPage, pageOf, pageQuery } from '../page.ts'
import { reachesTooFar } from '../privilege.ts'
import { invalidBody, type Problem, problem } from '../problem.ts'
import type { ValueOf } from '../schema.ts'
import { notFoundOr, type VersionedWrite, writeVersioned } from '../versioned.ts'
import { withdrawClient } from '../withdraw-client.ts'

const clientId = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$',
  title: 'letters, digits and . _ ~ -, at most 100',
} as const

/** A client as the API shows it: everything but the secrets, of which only the times are told. */
const shownClient = {
  type: 'object',
  properties: {
    client_id: clientId,
    ...clientMetadata,
    secrets: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          created_at: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          expires_at: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        },
        additionalProperties: false,
      },
      maxItems: 2,
    },
    client_secret: { type: 'string', description: 'Only in the answer that made it, and never again' },
    created_at: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  },
  required: ['client_id', 'client_name', 'grant_types'],
  additionalProperties: false,
} as const

const registration = {
  type: 'object',
  properties: { client_id: { ...clientId, description: 'Made up when left out' }, ...clientMetadata },
  required: clientMetadataSchema.required,
  additionalProperties: false,
} as const

const rotation = {
  type: 'object',
  properties: {
    previous_expires_in: {
      type: 'integer',
      minimum: 0,
      maximum: 2_592_000,
      default: 86_400,
      description: 'Seconds that the present secret goes on working; 0 ends it now',
    },
  },
  additionalProperties: false,
} as const

const tag = 'clients'

export const clientOperations: readonly Operation[] = [
  operation(
    {
      id: 'listClients',
      method: 'GET',
      path: '/clients',
      tag,
      scope: 'manage:clients:read',
      summary: 'Lists the clients in the order of their ids',
      query: pageQuery,
      success: { status: 200, description: 'A page of clients', schema: pageOf(shownClient) },
    },
    (request, context) => listPage<Client>(context, 'client', request.query, ({ value }) => showClient(value)),
  ),
  operation(
    {
      id: 'addClient',
      method: 'POST',
      path: '/clients',
      tag,
      scope: 'manage:clients:write',
      summary: 'Registers a client; its secret, if it has one, is in this answer only',
      body: registration,
      refusals: [409],
      success: { status: 201, description: 'The client', schema: shownClient },
    },
    addClient,
  ),
  operation(
    {
      id: 'readClient',
      method: 'GET',
      path: '/clients/{client_id}',
      tag,
      scope: 'manage:clients:read',
      summary: 'Shows a client',
      refusals: [404],
      success: { status: 200, description: 'The client', schema: shownClient },
    },
    async ({ params }, { authority }) =>
      notFoundOr(
        await authority.store.peek<Client>('client', params.client_id ?? ''),
        'client',
        params,
        ({ value, version }) => ({
          body: showClient(value),
          version,
        }),
      ),
  ),
  operation(
    {
      id: 'changeClient',
      method: 'PATCH',
      path: '/clients/{client_id}',
      tag,
      scope: 'manage:clients:write',
      summary: 'Changes the members named; null takes one away (RFC 7396)',
      body: { ...clientMetadataSchema, required: [] },
      conditional: true,
      refusals: [404, 409, 412, 428],
      success: { status: 200, description: 'The client as it is now', schema: shownClient },
    },
    changeClient,
  ),
  operation(
    {
      id: 'rotateClientSecret',
      method: 'POST',
      path: '/clients/{client_id}/secrets',
      tag,
      scope: 'manage:clients:write',
      summary: 'Makes a new secret beside the present one, which ends after a while',
      body: rotation,
      bodyOptional: true,
      refusals: [404, 409],
      success: { status: 201, description: 'The client and its new secret', schema: shownClient },
    },
    rotateSecret,
  ),
  operation(
    {
      id: 'removeClient',
      method: 'DELETE',
      path: '/clients/{client_id}',
      tag,
      scope: 'manage:clients:write',
      summary: 'Removes a client, what users allowed it, and every token it has; done again, it is done',
      refusals: [409],
      success: { status: 204, description: 'It is not there' },
    },
    removeClient,
  ),
]

async function addClient(
  request: ManagementRequest<ValueOf<typeof registration>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const { authority } = context
  const { client_id: asked, ...metadata } = request.body
  const issues = await judgeMetadata(authority, metadata)
  if (issues.length > 0) return invalidBody(issues)
  const id = asked ?? `app-${Buffer.from(authority.random(8)).toString('hex')}`
  const secret = newSecret(metadata.token_endpoint_auth_method ?? 'client_secret_basic', authority)
  const client: Client = {
    client_id: id,
    ...completeMetadata(metadata),
    secrets: secret === undefined ? [] : [secret.stored],
    created_at: authority.now(),
  }
  const tooFar = reachesTooFar(request.caller, [client], context)
  if (tooFar !== undefined) return tooFar
  await publishIdTokenKey(client, context)
  const result = await authority.store.commit([{ insert: { kind: 'client', key: id, value: client } }])
  if ('conflict' in result) {
    return problem(409, 'client_exists', `There is a client ${id} already.`, { detail: 'Choose another client_id.' })
  }
  await auditAct(context, request, 'client.add', id)
  const stored = await authority.store.peek<Client>('client', id)
  return { body: showClient(client, secret), location: `/manage/clients/${id}`, version: stored?.version ?? 1 }
}

async function changeClient(
  request: ManagementRequest<Partial<ValueOf<typeof clientMetadataSchema>>>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  return writeVersioned<Client>(request, context, {
    kind: 'client',
    id: request.params.client_id ?? '',
    next: async client => {
      const { client_id: id, secrets, created_at, ...metadata } = client
      const patched = applyMergePatch<ClientMetadata>(clientMetadataSchema, givenMetadata(metadata), request)
      if ('issues' in patched) return invalidBody(patched.issues)
      const issues = await judgeMetadata(context.authority, patched.merged)
      if (issues.length > 0) return invalidBody(issues)
      const changed = { client_id: id, ...completeMetadata(patched.merged), secrets, created_at }
      const tooFar = reachesTooFar(request.caller, [client, changed], context)
      if (tooFar !== undefined) return tooFar
      await publishIdTokenKey(changed, context)
      return changed
    },
    index: undefined,
    action: 'client.change',
    // Also when it was disabled before: whoever did that may have died before its tokens ended.
    after: client => (client.disabled ? withdrawClient(context, request, client.client_id) : undefined),
    show: showClient,
  } satisfies VersionedWrite<Client>)
}

/**
 * Makes the key that the client's ID tokens are signed with, if there is none: it is published before it signs, for clients
 * that keep the JWKS they have for a while.
 */
async function publishIdTokenKey(
  client: Pick<Client, 'id_token_signed_response_alg'>,
  { authority }: ManagementContext,
) {
  await authority.keys.signing(client.id_token_signed_response_alg ?? 'ES256')
}

async function rotateSecret(
  request: ManagementRequest<ValueOf<typeof rotation> | undefined>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const { authority } = context
  let made: NewSecret | undefined
  return writeVersioned<Client>(request, context, {
    kind: 'client',
    id: request.params.client_id ?? '',
    next: async client => {
      made = newSecret(client.token_endpoint_auth_method, authority)
      if (made === undefined) {
        return problem(409, 'client_without_secret', 'This client has no secret.', {
          expected: 'client_secret_basic or client_secret_post',
          got: client.token_endpoint_auth_method,
        })
      }
      const rest = request.body?.previous_expires_in ?? rotation.properties.previous_expires_in.default
      return (
        reachesTooFar(request.caller, [client], context) ?? {
          ...client,
          secrets: addSecret(client.secrets, made.stored, rest, authority.now()),
        }
      )
    },
    index: undefined,
    action: 'client.rotate-secret',
    show: client => showClient(client, made),
  })
}

async function removeClient(
  request: ManagementRequest<undefined>,
  context: ManagementContext,
): Promise<ManagementAnswer | Problem> {
  const id = request.params.client_id ?? ''
  const stored = await context.authority.store.peek<Client>('client', id)
  if (stored === undefined) return {}
  if (id === context.localAdministrator) {
    return problem(409, 'client_needed', 'The local administrator cannot be removed.', {
      detail: 'It is how this installation is managed.',
    })
  }
  const tooFar = reachesTooFar(request.caller, [stored.value], context)
  if (tooFar !== undefined) return tooFar
  // Disabled first and removed last: what a crash leaves half done, the same request does again.
  await context.authority.store.commit([
    { put: { kind: 'client', key: id, value: { ...stored.value, disabled: true } } },
  ])
  await withdrawClient(context, request, id)
  await context.authority.store.commit([{ remove: { kind: 'client', key: id } }])
  await auditAct(context, request, 'client.remove', id)
  return {}
}

function showClient(client: Client, made?: NewSecret): Readonly<Record<string, unknown>> {
  const { secrets, ...shown } = client
  const times = secrets.map(({ hash: _hash, ...rest }) => rest)
  return { ...shown, secrets: times, ...(made === undefined ? {} : { client_secret: made.token }) }
}
