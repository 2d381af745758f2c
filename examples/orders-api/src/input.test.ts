import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { startService } from './testing/service.ts'

let service: Awaited<ReturnType<typeof startService>>
let headers: Record<string, string>
before(async () => {
  service = await startService()
  const { authorization } = await service.issuer.bearer({ sub: 'user_carol', roles: ['support'] })
  headers = { host: 'localhost:4300', authorization }
})
after(async () => {
  await service.close()
  assert.deepEqual(service.errors, [])
})

async function refused(
  status: number,
  request: { method: 'GET' | 'POST' | 'PATCH'; url: string; type?: string; payload?: string | Buffer },
) {
  const { type, ...rest } = request
  const response = await service.app.inject({
    ...rest,
    headers: { ...headers, ...(type !== undefined && { 'content-type': type }) },
  })
  assert.equal(
    response.statusCode,
    status,
    `${request.method} ${request.url} ${String(request.payload).slice(0, 100)}: ${response.body}`,
  )
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
  assert.doesNotMatch(response.body, /node:|\.ts:|at .*\(/)
}

const post = (payload: string | Buffer, url = '/orders', type = 'application/json') =>
  ({ method: 'POST', url, type, payload }) as const

test('what the document does not say is 400: unknown members, wrong types, missing, out of bounds, twice', async () => {
  const good = '"item":"x","quantity":1,"unit_price_cents":1'
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{}',
    `{${good},"status":"refunded"}`,
    `{${good},"id":"bob-1"}`,
    `{${good},"item":"y"}`,
    `{${good},"__proto__":{}}`,
    '{"item":1,"quantity":1,"unit_price_cents":1}',
    '{"item":"x","quantity":"1","unit_price_cents":1}',
    '{"item":"x","quantity":1.5,"unit_price_cents":1}',
    '{"item":"x","quantity":0,"unit_price_cents":1}',
    '{"item":"x","quantity":1e400,"unit_price_cents":1}',
    '{"item":"x","quantity":1,"unit_price_cents":-1}',
    '{"item":["x"],"quantity":1,"unit_price_cents":1}',
    '{"item":"","quantity":1,"unit_price_cents":1}',
    '{"item":"a\\u0000b","quantity":1,"unit_price_cents":1}',
    `{"item":"${'x'.repeat(201)}","quantity":1,"unit_price_cents":1}`,
  ]
  for (const body of bodies) await refused(400, post(body))
  await refused(400, post(Buffer.from([0x7b, 0xff, 0x7d])))
  for (const body of [
    '{"ids":[]}',
    '{"ids":"bob-1"}',
    '{"ids":["bob-1","bob-1"]}',
    '{"ids":[{"$ne":1}]}',
    '{"ids":["BOB"]}',
  ]) {
    await refused(400, post(body, '/orders/batch-read'))
  }
  for (const body of [
    '{}',
    '{"amount_cents":"100"}',
    '{"amount_cents":0}',
    '{"amount_cents":1,"order":"alice-1"}',
    '[1]',
  ]) {
    await refused(400, post(body, '/orders/bob-1/refund'))
  }
  await refused(400, { method: 'POST', url: '/orders/bob-1/refund' })
})

test('a query that the document does not name, or names once and comes twice, is 400', async () => {
  const queries = [
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=+1',
    'limit=',
    'limit=1&limit=2',
    'status=lost',
    'cursor=!!',
    'cursor=eA',
    'owner=',
    'owner=a&owner=b',
    'admin=true',
    'limit[]=1',
  ]
  for (const query of queries) await refused(400, { method: 'GET', url: `/orders?${query}` })
})

test('another media type is 415, a body over 16 KiB is 413, a body where none belongs is 400', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'nonsense',
  ]) {
    await refused(415, post('{}', '/orders', type))
  }
  await refused(413, post(`{"item":"${'x'.repeat(17_000)}"}`))
})

test('a cancel takes no body', async () => {
  const { authorization } = await service.issuer.bearer()
  const response = await service.app.inject({
    method: 'POST',
    url: '/orders/alice-1/cancel',
    headers: { ...headers, authorization, 'content-type': 'application/json' },
    payload: '{"id":"bob-1"}',
  })
  assert.equal(response.statusCode, 400)
  assert.equal(service.orders.find('alice-1')?.status, 'placed')
})

test('an odd path is 404, 414 or 400, an unknown host 421, and all of them are problems (RFC 9457)', async () => {
  for (const url of ['/', '/order', '/orders/', "/orders/'%20OR%201=1", '/orders/%00', '/orders/a/b/c'])
    await refused(404, { method: 'GET', url })
  await refused(414, { method: 'GET', url: `/orders/${'x'.repeat(500)}` })
  await refused(400, { method: 'GET', url: '/orders/%E0%A4%A' })
  const response = await service.app.inject({
    method: 'GET',
    url: '/orders',
    headers: { ...headers, host: 'evil.example' },
  })
  assert.equal(response.statusCode, 421)
})

test('no input of any kind is our failure: 3,000 random bodies and queries', async () => {
  const urls = ['/orders', '/orders/batch-read', '/orders/bob-1/refund', '/orders/bob-1/cancel']
  const body = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...urls),
      body,
      fc.constantFrom('application/json', 'application/json; charset=x', 'text/json'),
      async (url, payload, type) => {
        const { statusCode } = await service.app.inject({
          method: 'POST',
          url,
          headers: { ...headers, 'content-type': type },
          payload,
        })
        assert.ok(statusCode < 500, `${url} ${String(payload)}`)
      },
    ),
    { numRuns: 2000 },
  )
  await fc.assert(
    fc.asyncProperty(fc.webQueryParameters(), fc.webSegment(), async (query, segment) => {
      const list = await service.app.inject({ method: 'GET', url: `/orders?${query}`, headers })
      const one = await service.app.inject({ method: 'GET', url: `/orders/${segment}`, headers })
      assert.ok(list.statusCode < 500 && one.statusCode < 500, `${query} ${segment}`)
    }),
    { numRuns: 1000 },
  )
})
