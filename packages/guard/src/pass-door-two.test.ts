import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { PolicyEngine, PolicyInput } from '@sallyport/policy'
import { bearer } from './http/testing/exchange.ts'
import { ask, describe, guardHarness, quiet } from './http/testing/guard-harness.ts'
import { collection } from './operation.ts'

const harness = await guardHarness()
const { issuer, open } = harness
after(() => harness.close())

test('every object of every rule is asked about, and one that is not the caller’s refuses all (OWASP API1)', async () => {
  const guard = open()
  const headers = bearer(await issuer.token({}))
  const mine = { id: 'a', owner: 'user_alice' }
  const theirs = { id: 'b', owner: 'user_bob' }
  assert.equal((await ask(guard, headers, { read: async () => [mine, mine] })).status, 200)
  assert.equal((await ask(guard, headers, { read: () => [mine, theirs] })).status, 404)
  assert.equal((await ask(guard, headers, { from: () => mine, to: () => theirs })).status, 404)
  assert.equal((await ask(guard, headers, { from: () => mine, to: () => null })).status, 404)
  assert.equal((await ask(guard, headers, { read: () => ({ ...theirs, type: 'collection' }) })).status, 404)
  assert.equal((await ask(guard, headers, { list: collection('orders') })).status, 200)
})

test('door two is asked with the whole question (AuthZEN 1.0 §5)', async () => {
  const asked: PolicyInput[] = []
  const policy: PolicyEngine = {
    revision: 'test',
    decide(input) {
      asked.push(input)
      return { outcome: 'allow' }
    },
  }
  const guard = open({ policy })
  const token = await issuer.token({ acr: 'phr', auth_time: 1000, amr: ['hwk'], roles: ['support'] })
  await ask(
    guard,
    bearer(token),
    { refund: () => ({ id: 7, owner: 'user_bob' }) },
    { type: 'order', context: () => ({ amount_cents: 5 }) },
  )
  const { context, ...question } = asked[0] ?? assert.fail('not asked')
  assert.deepEqual(question, {
    subject: {
      type: 'user',
      id: 'user_alice',
      properties: {
        client_id: 'shop',
        scopes: ['read:orders'],
        roles: ['support'],
        amr: ['hwk'],
        sender: 'bearer',
        acr: 'phr',
        auth_time: 1000,
      },
    },
    action: { name: 'refund', properties: { method: 'GET', route: '/orders', scope: 'read:orders' } },
    resource: { type: 'order', id: '7', properties: { id: 7, owner: 'user_bob' } },
  })
  assert.equal(context.amount_cents, 5)
  assert.equal(context.request_id, 'r1')
})

test('a policy’s answers become 403, 401 step-up and 401 DPoP; what is no answer is 403 (RFC 9470 §3)', async () => {
  const headers = bearer(await issuer.token({}))
  const object = { read: () => ({ id: 'a' }) }
  const deciding = (decide: PolicyEngine['decide']) =>
    ask(open({ policy: { revision: 'test', decide } }), headers, object)
  assert.equal((await deciding(() => ({ outcome: 'deny', reason: 'not_allowed' }))).code, 'access_denied')
  assert.equal((await deciding(async () => ({ outcome: 'deny', reason: 'not_yours' }))).status, 404)
  const stepUp = await deciding(() => ({ outcome: 'step_up', reason: 'old', acr_values: 'phr', max_age: 60 }))
  assert.equal(stepUp.status, 401)
  assert.match(
    stepUp.headers['www-authenticate'] ?? '',
    /insufficient_user_authentication".*acr_values="phr", max_age="60"/,
  )
  const sender = await deciding(() => ({ outcome: 'step_up', reason: 'bearer', require: 'dpop' }))
  assert.match(sender.headers['www-authenticate'] ?? '', /^DPoP /)
  const both = await deciding(() => ({ outcome: 'step_up', reason: 'x', acr_values: 'phr', require: 'dpop' }))
  assert.match(
    both.headers['www-authenticate'] ?? '',
    /^DPoP error="insufficient_user_authentication".*acr_values="phr"/,
  )
  const throwing = await deciding(() => {
    throw new Error('out of memory')
  })
  assert.deepEqual([throwing.status, throwing.code], [403, 'policy_failed'])
  assert.equal((await deciding(() => Promise.reject(new Error('gone')))).code, 'policy_failed')
  assert.equal((await deciding(() => ({ outcome: 'maybe' }) as never)).code, 'policy_failed')
})

test('a policy that does not load refuses everything and says so', async () => {
  const guard = open({ policy: Promise.reject(new Error('no such file')) })
  assert.equal((await ask(guard, bearer(await issuer.token({})), { read: () => ({ id: 'a' }) })).status, 403)
})

test('a type called collection cannot be claimed for objects', () => {
  assert.throws(() => open().declare('read:orders', { read: () => undefined }, { type: 'collection' }), /collection/)
})

test('the caller never learns what only the log may say', async () => {
  const lines: object[] = []
  const log = { ...quiet, info: (_event: string, fields: object = {}) => lines.push(fields) }
  const guard = open({ log })
  const passed = await guard.pass(
    guard.declare('read:orders'),
    describe(bearer(await issuer.token({ aud: 'http://secret.test' }))),
    {},
  )
  assert.ok('status' in passed)
  assert.doesNotMatch(JSON.stringify(passed), /secret\.test/)
  assert.match(JSON.stringify(lines), /secret\.test/)
})
