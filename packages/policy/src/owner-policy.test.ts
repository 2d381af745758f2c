import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyInput } from './decision.ts'
import { ownerPolicy } from './owner-policy.ts'
import { withoutEachField } from './testing/without-each-field.ts'

const engine = await ownerPolicy()

const input = {
  subject: {
    type: 'user',
    id: 'user_alice',
    properties: { client_id: 'client_shop', scopes: ['read:orders'], roles: [], sender: 'bearer' },
  },
  action: { name: 'read', properties: { method: 'GET', route: '/orders/:id', scope: 'read:orders' } },
  resource: { type: 'orders', id: 'alice-1', properties: { owner: 'user_alice' } },
  context: { now: 1, request_id: 'r1' },
} satisfies PolicyInput

const notYours = { outcome: 'deny', reason: 'not_yours' }

test('the owner may, anybody else may not know that it exists', () => {
  assert.deepEqual(engine.decide(input), { outcome: 'allow' })
  for (const owner of ['user_bob', '', null, ['user_alice'], { id: 'user_alice' }, 'USER_ALICE']) {
    const resource = { ...input.resource, properties: { owner } }
    assert.deepEqual(engine.decide({ ...input, resource }), notYours, JSON.stringify(owner))
  }
})

test('a machine named like a user is never taken for that user', () => {
  const machine = { ...input, subject: { ...input.subject, type: 'client' } }
  assert.deepEqual(engine.decide(machine), notYours)
  const own = { ...input.resource, properties: { owner: 'user_alice', owner_type: 'client' } }
  assert.deepEqual(engine.decide({ ...machine, resource: own }), { outcome: 'allow' })
  assert.deepEqual(engine.decide({ ...input, resource: own }), notYours)
})

test('of an allowed question, each field left out is a denial', async () => {
  const cases = [...withoutEachField(input)]
  assert.equal(cases.length, 22)
  for (const { path, question } of cases) {
    assert.equal((await engine.decide(question)).outcome, 'deny', `without ${path}`)
  }
})
