import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { startService } from './testing/service.ts'

let service: Awaited<ReturnType<typeof startService>>
before(async () => {
  service = await startService()
})
beforeEach(() => {
  service.decisions.length = 0
})
after(async () => {
  await service.close()
  assert.deepEqual(service.errors, [])
})

const carol = { sub: 'user_carol', roles: ['support'] }

async function call(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  url: string,
  options: Pick<InjectOptions, 'headers' | 'payload'> = {},
  claims = {},
) {
  const headers = { host: 'localhost:4300', ...(await service.issuer.bearer(claims)), ...options.headers }
  const response = await service.app.inject({ ...options, method, url, headers })
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body === '' ? undefined : response.json(),
  }
}

const ids = (body: { orders: { id: string }[] }) =>
  body.orders.map(order => order.id).filter(id => !id.startsWith('ord_'))

test('without a token door one answers before the body is read, and names the metadata (RFC 9728 §5.1)', async () => {
  const response = await service.app.inject({
    method: 'POST',
    url: '/orders',
    headers: { host: 'localhost:4300', 'content-type': 'text/xml' },
    payload: '<',
  })
  assert.equal(response.statusCode, 401)
  assert.match(
    String(response.headers['www-authenticate']),
    /resource_metadata="http:\/\/localhost:4300\/\.well-known\/oauth-protected-resource"/,
  )
})

test('alice lists, reads and batch-reads her own orders alone', async () => {
  assert.deepEqual(ids((await call('GET', '/orders')).body), ['alice-1', 'alice-2'])
  assert.equal((await call('GET', '/orders/alice-1')).body.owner, 'user_alice')
  const batch = await call('POST', '/orders/batch-read', { payload: { ids: ['alice-1', 'bob-1', 'nobody-1'] } })
  assert.deepEqual(ids(batch.body), ['alice-1'])
  assert.deepEqual(batch.body.not_found, ['bob-1', 'nobody-1'])
})

test('bob’s order is not there for alice, wherever she names it (OWASP API1)', async () => {
  const missing = await call('GET', '/orders/nobody-1')
  assert.equal(missing.status, 404)
  const strange: [Parameters<typeof call>[0], string, object?][] = [
    ['GET', '/orders/bob-1'],
    ['GET', '/orders/bob%2D1'],
    ['PATCH', '/orders/bob-1', { note: 'mine' }],
    ['POST', '/orders/bob-1/cancel'],
    ['POST', '/orders/bob-1/refund', { amount_cents: 1 }],
  ]
  for (const [method, url, payload] of strange) {
    const { status, body } = await call(method, url, payload === undefined ? {} : { payload })
    assert.equal(status, 404, `${method} ${url}`)
    assert.deepEqual({ ...body, request_id: '' }, { ...missing.body, request_id: '' }, 'as if it did not exist')
  }
  assert.deepEqual(ids((await call('GET', '/orders?owner=user_bob')).body), [])
  assert.equal((await call('GET', '/orders/../orders/bob-1')).status, 404)
  const created = await call('POST', '/orders', {
    payload: { item: 'x', quantity: 1, unit_price_cents: 1, owner: 'user_bob' },
  })
  assert.equal(created.status, 400)
  assert.equal(service.orders.find('bob-1')?.status, 'placed')
})

test('a machine called like alice sees nothing of alice’s', async () => {
  const machine = { sub: 'user_alice', client_id: 'user_alice' }
  assert.deepEqual(ids((await call('GET', '/orders', {}, machine)).body), [])
  assert.equal((await call('GET', '/orders/alice-1', {}, machine)).status, 404)
})

test('support sees all orders and changes none', async () => {
  assert.deepEqual(ids((await call('GET', '/orders?limit=100', {}, carol)).body).sort(), [
    'alice-1',
    'alice-2',
    'bob-1',
    'bob-2',
  ])
  assert.deepEqual(ids((await call('GET', '/orders?owner=user_bob', {}, carol)).body), ['bob-1', 'bob-2'])
  assert.equal((await call('POST', '/orders/bob-1/cancel', {}, carol)).status, 403)
})

test('an order is placed for the caller, noted, and cancelled once', async () => {
  const placed = await call('POST', '/orders', {
    payload: { item: 'Lamp', quantity: 2, unit_price_cents: 150, note: 'soon' },
  })
  assert.equal(placed.status, 201)
  const { id, owner, amount_cents } = placed.body
  assert.equal(placed.headers.location, `/orders/${id}`)
  assert.deepEqual([owner, amount_cents], ['user_alice', 300])
  assert.equal((await call('PATCH', `/orders/${id}`, { payload: { note: 'later' } })).body.note, 'later')
  assert.equal((await call('POST', `/orders/${id}/cancel`)).body.status, 'cancelled')
  const again = await call('POST', `/orders/${id}/cancel`)
  assert.deepEqual([again.status, again.body.code], [409, 'not_placed'])
})

test('each operation wants its own scope (RFC 6750 §3.1)', async () => {
  const wants: [Parameters<typeof call>[0], string, string, object?][] = [
    ['GET', '/orders', 'read:orders'],
    ['GET', '/orders/alice-1', 'read:orders'],
    ['POST', '/orders/batch-read', 'read:orders', { ids: ['alice-1'] }],
    ['POST', '/orders', 'write:orders', { item: 'x', quantity: 1, unit_price_cents: 1 }],
    ['PATCH', '/orders/alice-1', 'write:orders', { note: 'x' }],
    ['POST', '/orders/alice-1/cancel', 'write:orders'],
    ['POST', '/orders/bob-1/refund', 'refund:orders', { amount_cents: 1 }],
  ]
  for (const [method, url, scope, payload] of wants) {
    const others = ['read:orders', 'write:orders', 'refund:orders'].filter(each => each !== scope).join(' ')
    const { status, headers } = await call(method, url, payload === undefined ? {} : { payload }, {
      ...carol,
      scope: others,
    })
    assert.equal(status, 403, `${method} ${url}`)
    assert.match(String(headers['www-authenticate']), new RegExp(`error="insufficient_scope".*scope="${scope}"`))
  }
})

test('a refund is no function of customers, by no method and by no override (OWASP API5)', async () => {
  const payload = { amount_cents: 100 }
  assert.equal((await call('POST', '/orders/alice-1/refund', { payload })).status, 403)
  for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const { status, body } = await call('GET', '/orders/alice-1', { headers: { [header]: 'POST' } })
    assert.deepEqual([status, body.refunded_cents], [200, 0])
  }
  assert.equal(
    (await call('POST', '/orders/alice-1', { headers: { 'x-http-method-override': 'PATCH' }, payload: { note: 'x' } }))
      .status,
    404,
  )
  assert.equal(
    (await call('POST', '/orders?_method=DELETE', { payload: { item: 'x', quantity: 1, unit_price_cents: 1 } })).status,
    400,
  )
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
    assert.equal(
      (await call(method, '/orders/alice-1/refund', method === 'GET' ? {} : { payload })).status,
      404,
      method,
    )
  }
  assert.equal(service.orders.find('alice-1')?.refunded_cents, 0)
})

test('support refunds up to the limit by the role alone, and never more than was paid', async () => {
  const refunded = await call(
    'POST',
    '/orders/bob-1/refund',
    { payload: { amount_cents: 4000, reason: 'late' } },
    carol,
  )
  assert.deepEqual([refunded.status, refunded.body.refunded_cents, refunded.body.status], [200, 4000, 'placed'])
  const over = await call('POST', '/orders/bob-1/refund', { payload: { amount_cents: 201 } }, carol)
  assert.deepEqual([over.status, over.body.code], [409, 'over_amount'])
})

const large = { payload: { amount_cents: 24_900 } }

test('a large refund on a weak or old sign-in is answered with the step-up (RFC 9470 §3), on a bearer token with DPoP (RFC 9449 §7.1)', async () => {
  const url = 'http://localhost:4300/orders/bob-2/refund'
  const weak = { ...carol, acr: 'urn:sallyport:acr:password', auth_time: Math.floor(Date.now() / 1000) }
  const { status, headers } = await call('POST', '/orders/bob-2/refund', {
    ...large,
    headers: await service.issuer.dpop('POST', url, weak),
  })
  assert.equal(status, 401)
  assert.match(
    String(headers['www-authenticate']),
    /error="insufficient_user_authentication".*acr_values="urn:sallyport:acr:passkey".*max_age=/,
  )
  const old = { ...carol, acr: 'urn:sallyport:acr:passkey', auth_time: Math.floor(Date.now() / 1000) - 400 }
  assert.equal(
    (await call('POST', '/orders/bob-2/refund', { ...large, headers: await service.issuer.dpop('POST', url, old) }))
      .status,
    401,
  )
  const bearer = await call('POST', '/orders/bob-2/refund', large, { ...old, auth_time: Math.floor(Date.now() / 1000) })
  assert.equal(bearer.status, 401)
  assert.match(String(bearer.headers['www-authenticate']), /DPoP/)
  assert.equal(service.orders.find('bob-2')?.refunded_cents, 0)
})

test('of many parallel large refunds in small parts, judged alike, one is stored and none escapes the limit', async () => {
  const placed = service.orders.find('bob-2')
  assert.ok(placed)
  const parts = await Promise.all(
    Array.from({ length: 10 }, () => call('POST', '/orders/bob-2/refund', { payload: { amount_cents: 6000 } }, carol)),
  )
  const stored = parts.filter(({ status }) => status === 200)
  assert.equal(stored.length, 1)
  assert.ok(parts.every(({ status }) => [200, 401, 409].includes(status)))
  assert.equal(service.orders.find('bob-2')?.refunded_cents, 6000)
})

test('a large refund with a fresh passkey sign-in and a proof goes through, also when the gateway checked the proof', async () => {
  const strong = { ...carol, acr: 'urn:sallyport:acr:passkey', auth_time: Math.floor(Date.now() / 1000) }
  const url = 'http://localhost:4300/orders/bob-2/refund'
  const refund = { payload: { amount_cents: 10_000 } }
  const direct = await call('POST', '/orders/bob-2/refund', {
    ...refund,
    headers: await service.issuer.dpop('POST', url, strong),
  })
  assert.deepEqual([direct.status, direct.body.refunded_cents], [200, 16_000])
  const phantom = await call(
    'POST',
    '/orders/bob-2/refund',
    { payload: { amount_cents: 8900 } },
    { ...strong, sender: 'dpop' },
  )
  assert.deepEqual([phantom.status, phantom.body.status], [200, 'refunded'])
})

test('each decision is logged with digest, revision, result, reason and the request’s id', async () => {
  const { body } = await call('GET', '/orders/bob-1', { headers: { 'x-request-id': 'gateway-12345' } })
  assert.equal(body.request_id, 'gateway-12345')
  const [record] = service.decisions
  assert.equal(service.decisions.length, 1)
  assert.match(String(record?.revision), /^sha256:[0-9a-f]{64}$/)
  assert.match(String(record?.input_digest), /^[0-9a-f]{64}$/)
  assert.deepEqual(
    [record?.door, record?.outcome, record?.reason, record?.request_id, record?.action, record?.resource],
    [2, 'deny', 'not_yours', 'gateway-12345', 'read', { type: 'order', id: 'bob-1' }],
  )
})

test('a page ends with a cursor, and the next page goes on', async () => {
  const first = await call('GET', '/orders?limit=3', {}, carol)
  const second = await call('GET', `/orders?limit=100&cursor=${first.body.next_cursor}`, {}, carol)
  const all = await call('GET', '/orders?limit=100', {}, carol)
  assert.deepEqual([...first.body.orders, ...second.body.orders], all.body.orders)
  assert.equal(second.body.next_cursor, undefined)
})
