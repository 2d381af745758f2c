import { readFileSync } from 'node:fs'
import type { HTTPMethods } from 'fastify'

type Schema = { readonly [name: string]: unknown }

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

/** One operation of the document, in Fastify's terms. */
export interface ContractRoute {
  readonly method: HTTPMethods
  readonly url: string
  readonly takesBody: boolean
  readonly schema: { readonly body?: unknown; readonly querystring: unknown }
}

/** The API's OpenAPI document: what is served at /openapi.json is what every request is validated by. */
export const openapi: Schema & { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> } =
  JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'))

/** @throws Error when the document has no such operation */
export function contractRoute(operationId: string): ContractRoute {
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, candidate] of Object.entries(item)) {
      if (isOperation(candidate) && candidate.operationId === operationId) return routeOf(path, method, candidate)
    }
  }
  throw new Error(`openapi.json has no operation ${operationId}`)
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'operationId' in value
}

function routeOf(path: string, method: string, operation: Operation): ContractRoute {
  const body = operation.requestBody?.content['application/json'].schema
  return {
    method: method.toUpperCase(),
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    takesBody: body !== undefined,
    schema: { ...(body !== undefined && { body: inlined(body) }), querystring: querySchema(operation) },
  }
}

/** The query as the strings it is made of; what the document does not name, or names once and comes twice, is refused. */
function querySchema(operation: Operation): Schema {
  const parameters = (operation.parameters ?? []).filter(parameter => parameter.in === 'query')
  const properties = parameters.map(({ name, schema }) => [name, asText(inlined(schema))])
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) }
}

/** A bounded integer as the texts that mean it, so that `007`, `1e1` and ` 7` mean nothing. */
function asText(schema: Schema): Schema {
  const { type, minimum, maximum, default: usual } = schema
  if (type !== 'integer') return schema
  if (typeof minimum !== 'number' || typeof maximum !== 'number') throw new Error('an integer in a query needs bounds')
  const texts = Array.from({ length: maximum - minimum + 1 }, (_, index) => String(minimum + index))
  return { enum: texts, ...(usual !== undefined && { default: String(usual) }) }
}

function inlined(schema: Schema): Schema {
  const { $ref } = schema
  if (typeof $ref === 'string') return inlined(resolved($ref))
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, isSchema(value) ? inlined(value) : value]),
  )
}

function resolved(ref: string): Schema {
  let found: unknown = openapi
  for (const step of ref.slice('#/'.length).split('/')) found = isSchema(found) ? found[step] : undefined
  if (!isSchema(found)) throw new Error(`openapi.json: ${ref} leads nowhere`)
  return found
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
