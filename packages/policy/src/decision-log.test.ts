import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalDigest } from './canonical-json.ts'
import type { Decision, PolicyInput } from './decision.ts'
import { decisionLog } from './decision-log.ts'

const at = '2026-11-25T10:00:00.250Z'

const input: PolicyInput = {
  subject: { type: 'user', id: 'user_alice', properties: { name: 'Alice Liddell' } },
  action: { name: 'refund' },
  resource: { type: 'order', id: 'bob-1', properties: { note: 'private' } },
  context: { request_id: 'r1' },
}

function logging(decision: Decision | Promise<Decision>) {
  const lines: string[] = []
  const engine = { revision: 'sha256:1', decide: () => decision }
  return { engine: decisionLog(engine, { sink: line => lines.push(line), timestamp: () => at }), lines }
}

test('each decision is one NDJSON line with digest, revision, result and reason', () => {
  const { engine, lines } = logging({ outcome: 'deny', reason: 'not_yours' })
  assert.deepEqual(engine.decide(input), { outcome: 'deny', reason: 'not_yours' })
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^[^\n]+\n$/)
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    at,
    door: 2,
    request_id: 'r1',
    outcome: 'deny',
    reason: 'not_yours',
    subject: { type: 'user', id: 'user_alice' },
    action: 'refund',
    resource: { type: 'order', id: 'bob-1' },
    revision: 'sha256:1',
    input_digest: canonicalDigest(input),
  })
})

test('the line holds ids and a digest, never the input itself', () => {
  const { engine, lines } = logging({ outcome: 'allow' })
  engine.decide(input)
  assert.doesNotMatch(lines.join(''), /Liddell|private/)
})

test('a step-up is logged with what it asked for, and a late decision once it is there', async () => {
  const stepUp = { outcome: 'step_up', reason: 'stronger_sign_in', acr_values: 'urn:a', max_age: 300 } as const
  const { engine, lines } = logging(Promise.resolve(stepUp))
  assert.deepEqual(await engine.decide(input), stepUp)
  const { outcome, acr_values, max_age } = JSON.parse(lines[0] ?? '')
  assert.deepEqual({ outcome, acr_values, max_age }, { outcome: 'step_up', acr_values: 'urn:a', max_age: 300 })
})

test('what cannot be logged is not allowed, and the operator hears why', () => {
  const failures: string[] = []
  const engine = decisionLog(
    { revision: '1', decide: () => ({ outcome: 'allow' }) },
    {
      sink: () => {
        throw new Error('disk full')
      },
      timestamp: () => at,
      onFailure: failure => failures.push(failure.message),
    },
  )
  assert.deepEqual(engine.decide(input), { outcome: 'deny', reason: 'policy_log' })
  assert.deepEqual(failures, ['Error: disk full'])
})

test('an input without a digest is logged without one', () => {
  const { engine, lines } = logging({ outcome: 'deny', reason: 'policy_input' })
  engine.decide({ ...input, context: { request_id: 'r2', amount: Number.NaN } })
  const record = JSON.parse(lines[0] ?? '')
  assert.equal(record.request_id, 'r2')
  assert.equal('input_digest' in record, false)
})
