import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PolicyInput } from './decision.ts'
import { policyEngine } from './engine.ts'
import { PolicyFailure, type PolicySource } from './source.ts'

const input: PolicyInput = {
  subject: { type: 'user', id: 'user_alice' },
  action: { name: 'read' },
  resource: { type: 'order', id: 'order-1' },
  context: {},
}

function answering(evaluate: PolicySource['evaluate']) {
  const failures: PolicyFailure[] = []
  const source = { revision: 'sha256:1', evaluate }
  return { engine: policyEngine(source, 'x/decision', { onFailure: failure => failures.push(failure) }), failures }
}

test('a clean decision is passed on, at once when the source is synchronous', () => {
  const decisions = [
    { outcome: 'allow' },
    { outcome: 'deny', reason: 'not_yours' },
    { outcome: 'step_up', reason: 'stronger_sign_in', acr_values: 'urn:a urn:b', max_age: 0, require: 'dpop' },
    { outcome: 'step_up', reason: 'sender', require: 'dpop' },
  ]
  for (const decision of decisions) {
    const { engine, failures } = answering(() => decision)
    assert.deepEqual(engine.decide(input), decision)
    assert.equal(failures.length, 0)
  }
})

test('an odd or missing answer is a denial, and the operator hears of it', () => {
  const odd = [
    undefined,
    null,
    true,
    'allow',
    [],
    [{ outcome: 'allow' }],
    {},
    { allow: true },
    { outcome: 'Allow' },
    { outcome: 'allow', reason: 'but' },
    { outcome: 'allow', obligations: ['mask'] },
    { outcome: 'deny' },
    { outcome: 'deny', reason: 'Not yours"' },
    { outcome: 'deny', reason: 'not_yours', more: 1 },
    { outcome: 'step_up', reason: 'stronger' },
    { outcome: 'step_up', max_age: 300 },
    { outcome: 'step_up', reason: 'stronger', max_age: -1 },
    { outcome: 'step_up', reason: 'stronger', max_age: 1.5 },
    { outcome: 'step_up', reason: 'stronger', max_age: '300' },
    { outcome: 'step_up', reason: 'stronger', acr_values: 'a", scope="admin' },
    { outcome: 'step_up', reason: 'stronger', acr_values: '' },
    { outcome: 'step_up', reason: 'stronger', acr_values: ['urn:a'] },
    { outcome: 'step_up', reason: 'stronger', require: 'mtls' },
  ]
  for (const answer of odd) {
    const { engine, failures } = answering(() => answer)
    assert.deepEqual(engine.decide(input), { outcome: 'deny', reason: 'policy_answer' }, JSON.stringify(answer))
    assert.equal(failures.length, 1)
  }
})

test('of all JSON, only the allow itself is an allow', () => {
  fc.assert(
    fc.property(fc.jsonValue(), answer => {
      const { engine } = answering(() => answer)
      assert.notDeepEqual(engine.decide(input), { outcome: 'allow' })
    }),
    { numRuns: 5000 },
  )
})

test('a throw and a rejection are denials with their reason', async () => {
  const thrown = answering(() => {
    throw new PolicyFailure('policy_timeout', 'late')
  })
  assert.deepEqual(thrown.engine.decide(input), { outcome: 'deny', reason: 'policy_timeout' })
  const stringThrown = answering(() => {
    throw 'opa_abort'
  })
  assert.deepEqual(stringThrown.engine.decide(input), { outcome: 'deny', reason: 'policy_error' })
  const rejected = answering(() => Promise.reject(new Error('boom')))
  assert.deepEqual(await rejected.engine.decide(input), { outcome: 'deny', reason: 'policy_error' })
  assert.match(rejected.failures[0]?.message ?? '', /boom/)
  const late = answering(() => Promise.resolve({ outcome: 'maybe' }))
  assert.deepEqual(await late.engine.decide(input), { outcome: 'deny', reason: 'policy_answer' })
})

test('a question that is no JSON, is too large or too deep never reaches the source', () => {
  let asked = 0
  const { engine } = answering(() => {
    asked += 1
    return { outcome: 'allow' }
  })
  let deep: unknown = 1
  for (let level = 0; level < 40; level += 1) deep = [deep]
  for (const extra of [Number.NaN, 1n, '\ud800', 'x'.repeat(70_000), deep]) {
    assert.deepEqual(engine.decide({ ...input, context: { extra } }), { outcome: 'deny', reason: 'policy_input' })
  }
  assert.equal(asked, 0)
})
