import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasPathParameter, objectTypeOf } from './route.ts'

test('a parameter is seen in the spelling of every framework', () => {
  for (const pattern of [
    '/orders/:id',
    '/orders/:id?',
    '/files/*',
    '/files/*path',
    '/a{/:b}',
    '/a/(.*)',
    '*',
    '/^x(?<id>.)/',
  ]) {
    assert.ok(hasPathParameter(pattern), pattern)
  }
  for (const pattern of ['/', '/orders', '/orders/mine', '/v1.0/a-b_c~d'])
    assert.ok(!hasPathParameter(pattern), pattern)
})

test('the type of an object is the collection it is found in, and never "collection" itself', () => {
  assert.equal(objectTypeOf('/orders/:id'), 'order')
  assert.equal(objectTypeOf('/shops/:shop/orders/:id'), 'shop')
  assert.equal(objectTypeOf('/:id'), 'object')
  assert.equal(objectTypeOf('/collections/:id'), 'object')
})
