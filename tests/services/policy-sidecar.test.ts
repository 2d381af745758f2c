import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  embeddedSource,
  listFilter,
  opaSidecar,
  type PolicyInput,
  type PolicySource,
  policyEngine,
  readPolicyDirectory,
  sidecarSource,
} from '@sallyport/policy'
import fc from 'fast-check'
import { startOpa } from './opa.ts'

const directory = join(import.meta.dirname, '../../policies/orders')
const bundle = await readPolicyDirectory(directory)
const embedded = await embeddedSource(bundle)

let opa: Awaited<ReturnType<typeof startOpa>>
before(async () => {
  opa = await startOpa(directory)
})
after(() => opa.stop())

const principals = ['user_alice', 'user_bob', 'client_nightly']
const scopes = ['read:orders', 'write:orders', 'refund:orders']
const methods = {
  list: 'GET',
  read_batch: 'POST',
  create: 'POST',
  read: 'GET',
  update: 'PATCH',
  cancel: 'POST',
  refund: 'POST',
}
const scopeOf: Readonly<Record<string, string>> = {
  create: 'write:orders',
  update: 'write:orders',
  cancel: 'write:orders',
  refund: 'refund:orders',
}
const cents = fc.oneof(
  fc.constantFrom(0, 1, 5000, 9999, 10000, 10001, 20000),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const odd = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 3 })

function mostly<T, U>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare })
}

/** Mostly whole questions, so that every rule is reached, and now and then something odd in each place. */
const questions: fc.Arbitrary<PolicyInput> = fc
  .record({
    subjectType: mostly(fc.constantFrom('user', 'user', 'client'), fc.constant('group')),
    subject: mostly(fc.constantFrom(...principals), fc.constant('')),
    clientId: fc.constantFrom('client_shop', 'client_nightly', 'user_alice'),
    scopes: mostly(fc.constant(scopes), fc.subarray(scopes)),
    roles: fc.subarray(['support', 'customer', 'admin']),
    sender: mostly(fc.constantFrom('bearer', 'dpop', 'mtls'), fc.constant('none')),
    acr: fc.constantFrom('urn:sallyport:acr:passkey', 'urn:sallyport:acr:password', undefined),
    authTime: fc.oneof(fc.integer({ min: 999_690, max: 1_000_010 }), fc.constant(undefined)),
    action: mostly(fc.constantFrom(...Object.keys(methods), 'refund', 'refund'), fc.constant('delete')),
    plain: mostly(fc.constant(true), fc.constant(false)),
    method: fc.constantFrom('GET', 'POST', 'PATCH', 'HEAD', 'get'),
    scope: fc.constantFrom(...scopes),
    owner: mostly(fc.constantFrom(...principals), fc.constant('')),
    ownerType: fc.constantFrom('user', 'user', 'client'),
    refunded: mostly(fc.constantFrom(0, 1, 9000), cents),
    amount: mostly(fc.constantFrom(1, 1000, 9999, 10000, 10001), cents),
    oddPlace: mostly(
      fc.constant(undefined),
      fc.constantFrom('subject', 'roles', 'now', 'owner', 'refunded', 'resource', 'amount'),
    ),
    odd,
  })
  .map(made => {
    const at = (place: string, value: unknown) => (made.oddPlace === place ? made.odd : value)
    const onCollection = ['list', 'read_batch', 'create'].includes(made.action)
    const method = made.plain
      ? (Object.entries(methods).find(([name]) => name === made.action)?.[1] ?? 'GET')
      : made.method
    const scope = made.plain ? (scopeOf[made.action] ?? 'read:orders') : made.scope
    const { clientId, acr, authTime, roles, sender } = made
    const properties = {
      client_id: clientId,
      scopes: made.scopes,
      roles: at('roles', roles),
      sender,
      acr,
      auth_time: authTime,
    }
    const order = {
      owner: at('owner', made.owner),
      owner_type: made.ownerType,
      refunded_cents: at('refunded', made.refunded),
    }
    const input = {
      subject: at('subject', { type: made.subjectType, id: made.subject, properties }),
      action: { name: made.action, properties: { method, route: '/orders', scope } },
      resource: at(
        'resource',
        onCollection ? { type: 'collection', id: 'orders' } : { type: 'order', id: '1', properties: order },
      ),
      context: { now: at('now', 1_000_000), request_id: 'r1', amount_cents: at('amount', made.amount) },
    }
    const question: PolicyInput = JSON.parse(JSON.stringify(input))
    return question
  })

async function agree(source: PolicySource, runs: number): Promise<Map<string, number>> {
  const engines = [embedded, source].map(each => policyEngine(each, 'orders/decision'))
  const filters = [embedded, source].map(each => listFilter(each, 'orders/filter'))
  const outcomes = new Map<string, number>()
  for (const input of fc.sample(questions, { numRuns: runs, seed: 4711 })) {
    const [ours, theirs] = await Promise.all(engines.map(engine => engine.decide(input)))
    assert.deepEqual(theirs, ours, JSON.stringify(input))
    const [ourFilter, theirFilter] = await Promise.all(filters.map(filter => filter(input)))
    assert.deepEqual(theirFilter, ourFilter, JSON.stringify(input))
    const word = ours?.outcome === 'deny' ? ours.reason : (ours?.outcome ?? 'none')
    outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
  }
  return outcomes
}

test('embedded and sidecar decide and filter the same on 4,000 questions over a unix socket', async () => {
  const source = sidecarSource({ address: opa.unix, timeoutMs: 10_000, revision: bundle.revision })
  const outcomes = await agree(source, 4000)
  await source.close()
  for (const word of ['allow', 'not_yours', 'not_allowed', 'step_up']) {
    assert.ok((outcomes.get(word) ?? 0) > 50, `${word} was hardly reached: ${JSON.stringify([...outcomes])}`)
  }
  assert.deepEqual([...outcomes.keys()].sort(), ['allow', 'not_allowed', 'not_yours', 'step_up'])
})

test('and on 2,000 over HTTP', async () => {
  const source = sidecarSource({ address: opa.http, timeoutMs: 10_000 })
  await agree(source, 2000)
  assert.equal(source.revision, bundle.revision)
  await source.close()
})

test('any text and any JSON at all gets the same answer from both', async () => {
  const source = sidecarSource({ address: opa.unix, timeoutMs: 10_000 })
  const anything = fc.oneof(
    fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }),
    fc.record({ note: fc.string({ unit: 'binary' }), number: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  )
  for (const value of fc.sample(anything, { numRuns: 2000, seed: 4711 })) {
    const text = JSON.stringify(value)
    assert.deepEqual(await source.evaluate('orders/decision', text), embedded.evaluate('orders/decision', text), text)
  }
  await source.close()
})

test('a sidecar that serves another revision than the one pinned is refused', async () => {
  const engine = opaSidecar({
    address: opa.unix,
    entrypoint: 'orders/decision',
    revision: 'sha256:other',
    timeoutMs: 10_000,
  })
  const [question] = fc.sample(questions, { numRuns: 1, seed: 1 })
  assert.ok(question)
  assert.deepEqual(await engine.decide(question), { outcome: 'deny', reason: 'policy_revision' })
  await engine.close()
})

test('a sidecar that was stopped is a denial', async () => {
  const own = await startOpa(directory)
  const engine = opaSidecar({ address: own.unix, entrypoint: 'orders/decision', timeoutMs: 2_000 })
  const [question] = fc.sample(questions, { numRuns: 1, seed: 2 })
  assert.ok(question)
  await engine.decide(question)
  await own.stop()
  assert.deepEqual(await engine.decide(question), { outcome: 'deny', reason: 'policy_unavailable' })
  await engine.close()
})
