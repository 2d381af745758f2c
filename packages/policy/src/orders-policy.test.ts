import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PolicyInput } from './decision.ts'
import { embeddedSource } from './embedded.ts'
import { policyEngine } from './engine.ts'
import { listFilter } from './list-filter.ts'
import { readPolicyDirectory } from './policy-directory.ts'
import { withoutEachField } from './testing/without-each-field.ts'

// The committed module; the rules one by one are tested in policies/tests by `opa test`.
const source = await embeddedSource(await readPolicyDirectory(join(import.meta.dirname, '../../../policies/orders')))
const engine = policyEngine(source, 'orders/decision')
const filterOf = listFilter(source, 'orders/filter')

const largeRefund = {
  subject: {
    type: 'user',
    id: 'user_carol',
    properties: {
      client_id: 'client_shop',
      scopes: ['refund:orders'],
      roles: ['support'],
      sender: 'dpop',
      acr: 'urn:sallyport:acr:passkey',
      auth_time: 999_900,
    },
  },
  action: { name: 'refund', properties: { method: 'POST', route: '/orders/:id/refund', scope: 'refund:orders' } },
  resource: {
    type: 'order',
    id: 'bob-1',
    properties: { owner: 'user_bob', owner_type: 'user', refunded_cents: 0 },
  },
  context: { now: 1_000_000, request_id: 'r1', amount_cents: 20_000 },
} satisfies PolicyInput

const read = {
  subject: {
    type: 'user',
    id: 'user_alice',
    properties: { client_id: 'client_shop', scopes: ['read:orders'], roles: [], sender: 'bearer' },
  },
  action: { name: 'read', properties: { method: 'GET', route: '/orders/:id', scope: 'read:orders' } },
  resource: { type: 'order', id: 'alice-1', properties: { owner: 'user_alice', owner_type: 'user' } },
  context: { now: 1, request_id: 'r1' },
} satisfies PolicyInput

const list = {
  ...read,
  action: { name: 'list', properties: { ...read.action.properties, route: '/orders' } },
  resource: { type: 'collection', id: 'orders' },
} satisfies PolicyInput

for (const [name, question, fields] of [
  ['a large refund', largeRefund, 27],
  ['a read', read, 23],
  ['a list', list, 20],
] as const) {
  test(`of ${name} that is allowed, each field left out is refused`, () => {
    assert.deepEqual(engine.decide(question), { outcome: 'allow' })
    const cases = [...withoutEachField(question)]
    assert.equal(cases.length, fields)
    for (const { path, question } of cases) {
      assert.notDeepEqual(engine.decide(question), { outcome: 'allow' }, `without ${path}`)
    }
  })
}

test('each field of the list question left out lists nobody’s orders', () => {
  assert.deepEqual(filterOf(list), { owners: [{ type: 'user', id: 'user_alice' }] })
  for (const { path, question } of withoutEachField(list)) {
    assert.deepEqual(filterOf(question), { owners: [] }, `without ${path}`)
  }
})

test('a refund over the limit on a weak login asks for the strong one and for a bound token (RFC 9470 §3, RFC 9449 §7.1)', () => {
  const properties = { ...largeRefund.subject.properties, acr: 'urn:sallyport:acr:password', sender: 'bearer' }
  assert.deepEqual(engine.decide({ ...largeRefund, subject: { ...largeRefund.subject, properties } }), {
    outcome: 'step_up',
    reason: 'stronger_sign_in',
    acr_values: 'urn:sallyport:acr:passkey',
    max_age: 300,
    require: 'dpop',
  })
})
