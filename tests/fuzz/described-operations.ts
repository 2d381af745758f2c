import fc from 'fast-check'
import type { Material } from './material.ts'
import type { Fields, Known } from './request-inputs.ts'
import { schemaValues } from './schema-values.ts'
import type { ServedAddress } from './served-routes.ts'

type Schema = Readonly<Record<string, unknown>>

/** The descriptions that the management API and the orders API publish of themselves. */
export interface Documents {
  readonly manage: Schema
  readonly orders: Schema
}

/** What the published descriptions say of an address. */
export function described(
  { listener, url }: ServedAddress,
  { manage, orders }: Documents,
  material: Material,
): Known | undefined {
  const { tokens } = material
  if (listener === 'authority' && url.startsWith('/manage/'))
    return operationsAt(manage, url, { authorization: [`Bearer ${tokens.manage}`], 'if-match': ['*', '"1"'] })
  if (listener === 'ordersApi') return operationsAt(orders, url, { authorization: [`Bearer ${tokens.inside}`] })
  return undefined
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function operationsAt(document: Schema, url: string, headers: Fields): Known | undefined {
  const paths = isSchema(document.paths) ? document.paths : {}
  const wanted = url.replaceAll(/:(\w+)/g, '{$1}')
  const item = paths[wanted] ?? paths[wanted.replace(/^\/manage/, '')]
  if (!isSchema(item)) return undefined
  const operations = Object.values(item).filter(isSchema)
  const parameters = [item.parameters, ...operations.map(each => each.parameters)].flat().filter(isSchema)
  const names = parameters.filter(each => each.in === 'query').map(each => String(each.name))
  const schemas = operations.flatMap(each => bodySchemas(each))
  const pieces = [...url.matchAll(/:\w+/g)].map(
    ([piece]) => [piece, url.startsWith('/orders') ? orderIds : ids] as const,
  )
  // Half of the bodies name something unknown: an accepted one changes what later requests find.
  const right = examples[url] === undefined ? [] : [nearly(examples[url])]
  const bodies = fc.oneof(...right, fc.constant({}), ...schemas.map(schema => schemaValues(schema, document)))
  const spoiled = fc
    .tuple(bodies, fc.boolean())
    .map(([body, also]) => (also && isSchema(body) ? { ...body, unknown: 1 } : body))
  return {
    headers,
    ...(url.startsWith('/manage/') ? { patch: 'application/merge-patch+json' } : {}),
    query: Object.fromEntries(names.map(name => [name, queryValues[name] ?? ['x']])),
    path: Object.fromEntries(pieces),
    body: schemas.length === 0 ? undefined : { json: url === '/manage/keys/rotate' ? unrotated : spoiled },
  }
}

const queryValues: Fields = {
  limit: ['1', '100'],
  status: ['placed', 'cancelled'],
  cursor: ['OTk5OTk5OTk5OTk6YWxpY2UtMQ'],
}

/** Nothing that the system needs afterwards. */
const ids = ['terminal', 'http://localhost:9/fuzzed', 'user_none']
const orderIds = ['alice-1', 'alice-2', 'bob-1']

/** Bodies that are accepted. */
const examples: Readonly<Record<string, Schema>> = {
  '/manage/clients': {
    client_name: 'Fuzzed',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scopes: ['read:orders'],
  },
  '/manage/clients/:client_id': { client_name: 'Changed' },
  '/manage/users': { username: 'fuzzed', name: 'F. Uzz', roles: ['customer'] },
  '/manage/resources': { resource: 'http://localhost:9/fuzzed', name: 'Fuzzed', token_format: 'jwt', scopes: [] },
  '/manage/resources/:resource': { name: 'Changed' },
  '/orders': { item: 'Rope', quantity: 1, unit_price_cents: 100 },
  '/orders/batch-read': { ids: ['alice-1', 'bob-1'] },
  '/orders/:id': { note: 'x' },
  '/orders/:id/refund': { amount_cents: 1 },
}

/** An example as it is, or with one member anything. */
const nearly = (example: Schema): fc.Arbitrary<Schema> => {
  const changed = fc
    .tuple(fc.constantFrom(...Object.keys(example)), fc.jsonValue())
    .map(([name, value]) => ({ ...example, [name]: value }))
  return fc.oneof(fc.constant(example), changed)
}

/** A right body here makes a key each time. */
const unrotated = fc.record({ algorithm: fc.constantFrom('none', 'HS256', 1, null), unknown: fc.constant(1) })

function bodySchemas(operation: Schema): readonly unknown[] {
  const { requestBody } = operation
  const content = isSchema(requestBody) && isSchema(requestBody.content) ? requestBody.content : {}
  return Object.values(content)
    .filter(isSchema)
    .map(({ schema }) => schema)
}
