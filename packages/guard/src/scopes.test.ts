import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neededScopes } from './scopes.ts'

const implies = { 'admin:orders': ['write:orders'], 'write:orders': ['read:orders'] }

test('S63 a broader scope implies the narrower, through any number of steps', () => {
  const needed = neededScopes('read:orders', implies)
  assert.ok(needed.heldBy(new Set(['read:orders'])))
  assert.ok(needed.heldBy(new Set(['admin:orders'])))
  assert.ok(!needed.heldBy(new Set(['read:order', 'READ:ORDERS'])))
})

test('every needed scope is needed (RFC 6750 §3.1)', () => {
  const needed = neededScopes('read:orders  refund:orders', implies)
  assert.equal(needed.text, 'read:orders refund:orders')
  assert.ok(!needed.heldBy(new Set(['write:orders'])))
  assert.ok(needed.heldBy(new Set(['write:orders', 'refund:orders'])))
  assert.deepEqual(needed.within(new Set(['write:orders', 'refund:orders'])), [
    'write:orders',
    'refund:orders',
    'read:orders',
  ])
})

test('scopes that imply each other in a circle are understood', () => {
  assert.ok(neededScopes('a', { a: ['b'], b: ['a'] }).heldBy(new Set(['b'])))
})
