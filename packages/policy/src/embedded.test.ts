import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { embeddedPolicy, embeddedSource } from './embedded.ts'
import { readPolicyDirectory } from './policy-directory.ts'

const orders = await readPolicyDirectory(join(import.meta.dirname, '../../../policies/orders'))

const input = {
  subject: {
    type: 'user',
    id: 'user_alice',
    properties: { client_id: 'client_shop', scopes: ['read:orders'], roles: [], amr: [], sender: 'bearer' },
  },
  action: { name: 'read', properties: { method: 'GET', route: '/orders/:id', scope: 'read:orders' } },
  resource: { type: 'order', id: 'alice-1', properties: { owner: 'user_alice', owner_type: 'user' } },
  context: { now: 1, request_id: 'r1' },
}

test('the module decides in this thread, without a promise', async () => {
  const engine = await embeddedPolicy({ ...orders, entrypoint: 'orders/decision' })
  assert.deepEqual(engine.decide(input), { outcome: 'allow' })
  assert.equal(engine.revision, orders.revision)
})

test('an undefined rule, an unknown entrypoint and input that is no JSON are no answer', async () => {
  const source = await embeddedSource(orders)
  assert.throws(() => source.evaluate('orders/other', '{}'), /no entrypoint/)
  assert.throws(() => source.evaluate('toString', '{}'), /no entrypoint/)
  const engine = await embeddedPolicy({ ...orders, entrypoint: 'orders/filter' })
  assert.deepEqual(engine.decide(input), { outcome: 'deny', reason: 'policy_answer' })
})

test('after a trap the next question is answered by a fresh instance', async () => {
  const source = await embeddedSource(orders)
  const text = JSON.stringify(input)
  assert.throws(() => source.evaluate('orders/decision', `${'['.repeat(60_000)}`))
  assert.deepEqual(source.evaluate('orders/decision', text), { outcome: 'allow' })
})

test('one question leaves nothing behind for the next: 20,000 interleaved ones, and memory stays bounded', async () => {
  const engine = await embeddedPolicy({ ...orders, entrypoint: 'orders/decision' })
  const others = { ...input, resource: { ...input.resource, properties: { owner: 'user_bob', owner_type: 'user' } } }
  const padded = { ...others, context: { ...others.context, padding: 'x'.repeat(60_000) } }
  for (let round = 0; round < 10_000; round += 1) {
    assert.deepEqual(engine.decide(round % 100 === 0 ? padded : others), { outcome: 'deny', reason: 'not_yours' })
    assert.deepEqual(engine.decide(input), { outcome: 'allow' })
  }
})

test('the revision covers module and data', async () => {
  const first = await embeddedSource({ wasm: orders.wasm, data: { orders: { settings: { refund_limit_cents: 1 } } } })
  const second = await embeddedSource({ wasm: orders.wasm, data: { orders: { settings: { refund_limit_cents: 2 } } } })
  assert.notEqual(first.revision, second.revision)
  assert.match(first.revision, /^sha256:[0-9a-f]{64}$/)
})

test('a module that cannot be loaded fails at start', async () => {
  await assert.rejects(embeddedSource({ wasm: new Uint8Array([0, 1, 2]) }))
})
