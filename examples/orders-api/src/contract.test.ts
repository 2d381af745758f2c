import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractRoute, openapi } from './contract.ts'

test('an operation becomes a route with its references resolved', () => {
  const { method, url, takesBody, schema } = contractRoute('refundOrder')
  assert.deepEqual({ method, url, takesBody }, { method: 'POST', url: '/orders/:id/refund', takesBody: true })
  assert.doesNotMatch(JSON.stringify(schema), /\$ref/)
})

test('an unknown operation fails at start', () => {
  assert.throws(() => contractRoute('deleteOrder'), /no operation/)
})

test('every object that a caller sends allows no other members, and every text and list is bounded', () => {
  const bounded = (schema: Readonly<Record<string, unknown>>): void => {
    if (schema.type === 'object') assert.equal(schema.additionalProperties, false)
    if (schema.type === 'string') assert.ok(typeof schema.maxLength === 'number' || typeof schema.pattern === 'string')
    if (schema.type === 'array') assert.equal(typeof schema.maxItems, 'number')
    if (schema.type === 'integer') assert.equal(typeof schema.maximum, 'number')
    for (const member of Object.values(schema)) if (isObject(member)) bounded(member)
  }
  for (const item of Object.values(openapi.paths)) {
    for (const operation of Object.values(item)) {
      if (!isObject(operation) || typeof operation.operationId !== 'string') continue
      const { body, querystring } = contractRoute(operation.operationId).schema
      if (isObject(body)) bounded(body)
      if (isObject(querystring)) bounded(querystring)
    }
  }
})

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
