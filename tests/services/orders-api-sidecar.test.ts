import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startService } from '../../examples/orders-api/src/testing/service.ts'
import { startOpa } from './opa.ts'

test('the orders API answers the same with a real OPA beside it, and refuses all while OPA is gone', async () => {
  const opa = await startOpa(join(import.meta.dirname, '../../policies/orders'))
  const beside = await startService({ opa: opa.unix })
  const embedded = await startService()
  const requests = [
    { method: 'GET', url: '/orders', claims: {} },
    { method: 'GET', url: '/orders', claims: { sub: 'user_carol', roles: ['support'] } },
    { method: 'GET', url: '/orders', claims: { sub: 'user_alice', client_id: 'user_alice' } },
    { method: 'GET', url: '/orders/alice-1', claims: {} },
    { method: 'GET', url: '/orders/bob-1', claims: {} },
    { method: 'POST', url: '/orders/batch-read', payload: { ids: ['alice-2', 'bob-2'] }, claims: {} },
    { method: 'POST', url: '/orders/alice-1/refund', payload: { amount_cents: 1 }, claims: {} },
    {
      method: 'POST',
      url: '/orders/bob-2/refund',
      payload: { amount_cents: 10_001 },
      claims: { sub: 'user_carol', roles: ['support'] },
    },
  ] as const
  const statuses: number[] = []
  for (const { claims, ...request } of requests) {
    const [theirs, ours] = await Promise.all(
      [beside, embedded].map(async ({ app, issuer }) => {
        const headers = { host: 'localhost:4300', 'x-request-id': 'request-1', ...(await issuer.bearer(claims)) }
        const { statusCode, body } = await app.inject({ ...request, headers })
        return { statusCode, body }
      }),
    )
    assert.deepEqual(theirs, ours, request.url)
    statuses.push(theirs?.statusCode ?? 0)
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 404, 200, 403, 401])
  const withoutWhatVaries = (records: readonly Record<string, unknown>[]) =>
    records.map(({ outcome, reason, revision }) => ({ outcome, reason, revision }))
  assert.deepEqual(withoutWhatVaries(beside.decisions), withoutWhatVaries(embedded.decisions))

  await opa.stop()
  const headers = { host: 'localhost:4300', ...(await beside.issuer.bearer()) }
  const refused = await beside.app.inject({ method: 'GET', url: '/orders/alice-1', headers })
  assert.equal(refused.statusCode, 403)
  await Promise.all([beside.close(), embedded.close()])
})
