import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import type { Schema } from './schema.ts'
import { manageResource, manageScopes } from './scopes.ts'

/**
 * The management API's description, made from the very values that judge its requests.
 *
 * @see OpenAPI 3.1.1, JSON Schema 2020-12
 */
export function managementDescription(issuer: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sallyport management API',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: manageResource(issuer) }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: {
        manage: {
          type: 'oauth2',
          description: `Access tokens (RFC 9068) with resource=${manageResource(issuer)}`,
          flows: { clientCredentials: { tokenUrl: `${issuer}/token`, scopes: Object.fromEntries(manageScopes) } },
        },
      },
      schemas: { Problem: problemSchema },
      responses: Object.fromEntries(
        Object.entries(refusalTexts).map(([status, description]) => [
          `Problem${status}`,
          {
            description,
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  }
}

function describe(operation: Operation): Readonly<Record<string, unknown>> {
  const { id, summary, tag, scope, body, bodyOptional, success, method } = operation
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const content = success.schema === undefined ? {} : { content: { 'application/json': { schema: success.schema } } }
  const refusals = [
    ...new Set([400, 401, 403, ...(body === undefined ? [] : [413, 415, 422]), ...(operation.refusals ?? [])]),
  ]
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: [{ manage: [scope] }],
    parameters: parameters(operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: bodyOptional !== true,
            content: { [contentType]: { schema: publishedBody(operation, body) } },
          },
        }),
    responses: {
      [success.status]: { description: success.description, ...content },
      ...Object.fromEntries(
        refusals.toSorted().map(status => [status, { $ref: `#/components/responses/Problem${status}` }]),
      ),
    },
  }
}

/** In a merge patch every optional member may also be null, which takes it away. */
function publishedBody(operation: Operation, body: Schema): Schema | Readonly<Record<string, unknown>> {
  if (operation.method !== 'PATCH' || !('properties' in body)) return body
  const nullable = Object.entries(body.properties).map(
    ([name, schema]) => [name, { anyOf: [schema, { type: 'null' }] }] as const,
  )
  return { ...body, properties: Object.fromEntries(nullable) }
}

function parameters(operation: Operation): readonly unknown[] {
  const inPath = [...operation.path.matchAll(/\{(?<name>\w+)\}/g)].map(match => ({
    name: match.groups?.name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(operation.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema }))
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: true,
    schema: { type: 'string' },
    description: 'The ETag that was read, or *',
  }
  return [...inPath, ...inQuery, ...(operation.conditional ? [ifMatch] : [])]
}

const refusalTexts: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'No token, or one that is not good',
  403: 'The token may not do this',
  404: 'There is no such record',
  409: 'It does not fit what is there',
  412: 'It was changed since it was read',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The body is not valid; `errors` says where',
  428: 'If-Match is missing (RFC 6585 §3)',
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  properties: {
    type: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    title: { type: 'string' },
    detail: { type: 'string' },
    expected: { type: 'string' },
    got: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string', description: 'RFC 6901' },
          expected: { type: 'string' },
          got: { type: 'string' },
          hint: { type: 'string' },
        },
        required: ['pointer', 'expected', 'got'],
      },
    },
  },
  required: ['type', 'status', 'code', 'title'],
} as const
