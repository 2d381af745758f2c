import { type JsonRefusal, readJson } from '@sallyport/server'
import type { LaggingStore } from '@sallyport/store'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorityContext } from '../../context.ts'
import { issuerPath } from '../../metadata.ts'
import { localAdministrator } from '../local-administrator.ts'
import { splitMergePatch } from '../merge-patch.ts'
import { managementDescription } from '../openapi.ts'
import type { ManagementContext, ManagementRequest, Operation } from '../operation.ts'
import { operations } from '../operations.ts'
import { invalidBody, type Problem, problem, problemBody } from '../problem.ts'
import { validate } from '../validate.ts'
import { isProblem } from '../versioned.ts'
import { authenticate } from './authenticate.ts'
import { readQueryOf } from './query.ts'

/** Adds the management API below `/manage`, and its description at `/manage/openapi.json`. */
export function registerManagement(app: FastifyInstance, authority: AuthorityContext, lagging?: LaggingStore): void {
  const context: ManagementContext = { authority, localAdministrator, lagging }
  const description = managementDescription(authority.issuer)
  const path = `${issuerPath(authority.issuer)}/manage`
  app.get(`${path}/openapi.json`, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(description)),
  )
  for (const operation of operations) {
    app.route({
      method: operation.method,
      url: `${path}${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      handler: async (request, reply) => send(await answer(operation, request, context), operation, request, reply),
    })
  }
}

async function answer(operation: Operation, request: FastifyRequest, context: ManagementContext) {
  const caller = await authenticate(request, operation.scope, context)
  if (isProblem(caller)) return caller
  const query = readQueryOf(operation, request.url)
  if ('refused' in query) return query.refused
  const body = readBody(operation, request)
  if ('refused' in body) return body.refused
  const version = operation.conditional ? readIfMatch(request.headers['if-match']) : { version: undefined }
  if (isProblem(version)) return version
  const params = Object.fromEntries(
    Object.entries(Object(request.params)).map(([name, value]) => [name, String(value)]),
  )
  const asked: ManagementRequest<unknown> = {
    params,
    query: query.values,
    ...body,
    ...version,
    caller,
    requestId: request.id,
  }
  return operation.handle(asked, context)
}

type Body = { readonly body: unknown; readonly removed: readonly string[] }

function readBody(operation: Operation, request: FastifyRequest): Body | { readonly refused: Problem } {
  const { body: schema } = operation
  const sent = Buffer.isBuffer(request.body) && request.body.byteLength > 0 ? request.body : undefined
  if (schema === undefined || (sent === undefined && operation.bodyOptional)) return { body: undefined, removed: [] }
  const read = readJson(sent, request.headers['content-type'])
  if ('refused' in read) return { refused: unreadable(read) }
  const isPatch =
    operation.method === 'PATCH' && typeof read.value === 'object' && read.value !== null && !Array.isArray(read.value)
  const patch = isPatch ? splitMergePatch(Object.fromEntries(Object.entries(Object(read.value)))) : undefined
  const body = patch === undefined ? read.value : patch.set
  const removed = patch?.removed ?? []
  const unknown = removed.filter(name => !Object.hasOwn(schema.properties, name))
  const issues = [
    ...validate(schema, body),
    ...unknown.map(name => ({ pointer: `/${name}`, expected: 'a member', got: name })),
  ]
  return issues.length > 0 ? { refused: invalidBody(issues) } : { body, removed }
}

function unreadable({ refused, hint, expected, got }: JsonRefusal): Problem {
  const status = refused === 'body_type' ? 415 : refused === 'body_too_large' ? 413 : 400
  return problem(status, refused, 'The body cannot be read.', { detail: hint, expected, got })
}

/** RFC 9110 §13.1.1; one strong tag is enough for us, and `*` for whoever means any version. */
function readIfMatch(header: string | undefined): { readonly version: number | undefined } | Problem {
  if (header === undefined) {
    return problem(428, 'if_match_missing', 'This change needs If-Match.', {
      expected: 'If-Match with the ETag that was read, or *',
      got: 'none',
    })
  }
  if (header.trim() === '*') return { version: undefined }
  const version = /^\s*"(?<version>\d{1,15})"\s*$/.exec(header)?.groups?.version
  if (version !== undefined) return { version: Number(version) }
  return problem(412, 'changed_meanwhile', 'If-Match is no tag of this record.', { got: header.slice(0, 60) })
}

type Answered = Awaited<ReturnType<typeof answer>>

function send(answered: Answered, operation: Operation, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('cache-control', 'no-store')
  if (isProblem(answered)) {
    if (answered.headers !== undefined) reply.headers({ ...answered.headers })
    const body = problemBody(answered, request.id)
    return reply.code(answered.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(body))
  }
  if (answered.version !== undefined) reply.header('etag', `"${answered.version}"`)
  if (answered.location !== undefined) reply.header('location', answered.location)
  reply.code(operation.success.status)
  if (answered.body === undefined) return reply.send()
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(answered.body))
}
