/**
 * Broken object and function level authorization (OWASP API1 and API5, 2023): alice asks for what is bob's, and for what
 * only support may do, by every place of a request that could name it; through the gateway and at the service itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administratorOf } from '../administrator.ts'
import { getTokens, tokenRequest, tokensIn } from '../code-flow.ts'
import { exchange, type Reply, type Sent } from '../exchange.ts'
import { systemOfFile } from '../system.ts'

const system = await systemOfFile()
const { gateway, ordersApi, resources } = system
const scope = 'openid read:orders write:orders refund:orders'

interface Place {
  readonly name: string
  readonly origin: string
  readonly alice: string
  readonly bob: string
}

const tokensAt = async (username: string, resource: string) =>
  (await getTokens(system, { client: 'spa', username, scope, resource })).access

const places: readonly Place[] = await Promise.all(
  [
    { name: 'gateway', origin: gateway, resource: resources.outside },
    { name: 'orders API', origin: ordersApi, resource: resources.inside },
  ].map(async ({ name, origin, resource }) => ({
    name,
    origin,
    alice: await tokensAt('alice', resource),
    bob: await tokensAt('bob', resource),
  })),
)

/** One request, JSON when it has a body. */
function call({ origin }: Place, token: string, target: string, sent: Sent = {}): Promise<Reply> {
  const type = sent.body === undefined ? {} : { 'content-type': 'application/json' }
  const headers = { authorization: `Bearer ${token}`, ...type, ...sent.headers }
  return exchange(origin, { ...sent, target, headers })
}

const ordersIn = (reply: Reply): readonly { readonly id: string; readonly owner: string }[] =>
  Array.isArray(reply.json.orders) ? reply.json.orders : []

/** Whose order this is, as its owner sees it, and that nobody changed it. */
async function bobs(place: Place): Promise<string> {
  const reply = await call(place, place.bob, '/orders/bob-1')
  assert.equal(reply.status, 200, reply.text)
  return reply.text
}

async function aliceStillWorks(place: Place): Promise<void> {
  assert.equal((await call(place, place.alice, '/orders/alice-1')).status, 200)
  assert.ok(ordersIn(await call(place, place.alice, '/orders')).some(({ id }) => id === 'alice-1'))
}

/** 404 as for an order that is not there (or a request that is none), and not a word of bob's. */
function assertNotTold(reply: Reply, what: string): void {
  assert.ok([400, 404].includes(reply.status), `${what}: ${reply.status} ${reply.text}`)
  assert.doesNotMatch(reply.text, /"item"|"owner"|Harbour|Hemp/, what)
}

test('by path: bob’s order is not there for alice, with any method and however its id is written', async () => {
  for (const place of places) {
    const before = await bobs(place)
    const note = JSON.stringify({ note: 'mine now' })
    const attempts: readonly (readonly [string, Sent])[] = [
      ['/orders/bob-1', {}],
      ['/orders/bob-1', { method: 'HEAD' }],
      ['/orders/bob-1', { method: 'PATCH', body: note }],
      ['/orders/bob-1/cancel', { method: 'POST' }],
      ['/orders/bob-1/refund', { method: 'POST', body: JSON.stringify({ amount_cents: 1 }) }],
      ['/orders/%62ob-1', {}],
      ['/orders/bob%2D1', {}],
      ['/orders/bob-1?owner=alice', {}],
      ['/orders/bob-1?id=alice-1', {}],
      ['/orders/BOB-1', {}],
      ['/orders/bob-1%20', {}],
      ['/orders/bob-1%00', {}],
      ['/orders/bob-1.json', {}],
      ['/orders/bob-1;alice-1', {}],
      ['/orders/alice-1/../bob-1', {}],
      ['/orders/alice-1/%2e%2e/bob-1', {}],
      ['/orders/alice-1%2f..%2fbob-1', {}],
      ['/orders/./bob-1', {}],
      ['/orders//bob-1', {}],
      ['/orders/bob-1/', {}],
      ['/orders/bob-1,alice-1', {}],
    ]
    for (const [target, sent] of attempts)
      assertNotTold(await call(place, place.alice, target, sent), `${place.name} ${sent.method ?? 'GET'} ${target}`)
    const gone = await call(place, place.alice, '/orders/nobody-1')
    const hidden = await call(place, place.alice, '/orders/bob-1')
    const plain = ({ json: { request_id: _id, ...rest } }: Reply) => rest
    assert.deepEqual(plain(hidden), plain(gone), 'the answer tells that it exists')
    assert.equal(await bobs(place), before)
    await aliceStillWorks(place)
  }
})

test('by list: no filter, cursor or size shows alice more than her own', async () => {
  for (const place of places) {
    const bob = String(JSON.parse(await bobs(place)).owner)
    const cursor = String((await call(place, place.bob, '/orders?limit=1')).json.next_cursor)
    assert.match(cursor, /^[\w-]+$/)
    const forged = Buffer.from('999999999999:bob-1').toString('base64url')
    for (const query of [
      `owner=${bob}`,
      `owner=${bob}&owner=${bob}`,
      `owner[]=${bob}`,
      'owner=*',
      'owner=',
      `owner=%27%20OR%201=1%20--`,
      'status=placed',
      'limit=100',
      `cursor=${cursor}`,
      `cursor=${forged}&limit=100`,
      `user_id=${bob}`,
      'all=true',
      'q=bob',
      'fields=*',
      `filter=${encodeURIComponent(JSON.stringify({ owner: bob }))}`,
      'id=bob-1',
    ]) {
      const reply = await call(place, place.alice, `/orders?${query}`)
      assert.ok([200, 400].includes(reply.status), `${place.name} ${query}: ${reply.status}`)
      assert.doesNotMatch(reply.text, new RegExp(`"(bob-\\d|${bob})"`), `${place.name} ${query}`)
    }
    await aliceStillWorks(place)
  }
})

test('by batch: bob’s ids are not found, like those of nobody', async () => {
  for (const place of places) {
    const read = (body: unknown) =>
      call(place, place.alice, '/orders/batch-read', { method: 'POST', body: JSON.stringify(body) })
    const { json } = await read({ ids: ['alice-1', 'bob-1', 'nobody-1'] })
    assert.deepEqual(
      ordersIn({ json } as Reply).map(({ id }) => id),
      ['alice-1'],
    )
    assert.deepEqual(json.not_found, ['bob-1', 'nobody-1'])
    for (const body of [
      { ids: ['alice-1'], owner: 'bob' },
      { ids: [['bob-1']] },
      { ids: [{ id: 'bob-1' }] },
      { ids: 'bob-1' },
      { ids: ['bob-1', 'bob-1'] },
      ['bob-1'],
      { id: 'bob-1' },
    ]) {
      const reply = await read(body)
      assert.equal(reply.status, 400, `${place.name} ${JSON.stringify(body)}: ${reply.text}`)
      assert.doesNotMatch(reply.text, /"item"/)
    }
    const twice = await call(place, place.alice, '/orders/batch-read', {
      method: 'POST',
      body: '{"ids":["alice-1"],"ids":["bob-1"]}',
    })
    assert.equal(twice.status, 400)
    await aliceStillWorks(place)
  }
})

test('by body: nobody places or changes an order as somebody else', async () => {
  for (const place of places) {
    const bob = String(JSON.parse(await bobs(place)).owner)
    const wanted = { item: 'Rope', quantity: 1, unit_price_cents: 100 }
    for (const more of [
      { owner: bob },
      { owner_type: 'user', owner: bob },
      { id: 'bob-1' },
      { status: 'refunded' },
      { refunded_cents: 0 },
      { __proto__x: 1 },
      { created_at: 1 },
    ]) {
      const body = JSON.stringify({ ...wanted, ...more })
      const placed = await call(place, place.alice, '/orders', { method: 'POST', body })
      assert.equal(placed.status, 400, `${place.name} ${body}: ${placed.text}`)
      const changed = await call(place, place.alice, '/orders/alice-1', {
        method: 'PATCH',
        body: JSON.stringify({ note: 'x', ...more }),
      })
      assert.equal(changed.status, 400, `${place.name} ${JSON.stringify(more)}: ${changed.text}`)
    }
    const raw = `{"item":"Rope","quantity":1,"unit_price_cents":100,"__proto__":{"owner":"${bob}"}}`
    assert.equal((await call(place, place.alice, '/orders', { method: 'POST', body: raw })).status, 400)
    const honest = await call(place, place.alice, '/orders', { method: 'POST', body: JSON.stringify(wanted) })
    assert.equal(honest.status, 201)
    assert.notEqual(honest.json.owner, bob)
    await aliceStillWorks(place)
  }
})

test('by header: no header makes alice bob, support or a part of the system', async () => {
  for (const place of places) {
    const bob = String(JSON.parse(await bobs(place)).owner)
    const spoofed: readonly Readonly<Record<string, string>>[] = [
      { 'x-user': bob, 'x-user-id': bob, 'x-authenticated-user': bob, 'remote-user': bob, 'x-remote-user': bob },
      { 'x-sallyport-subject': bob, 'x-sallyport-roles': 'support', 'x-roles': 'support', 'x-scopes': scope },
      {
        'x-forwarded-user': bob,
        'x-auth-request-user': bob,
        'x-forwarded-for': '127.0.0.1',
        forwarded: 'for=127.0.0.1',
      },
      { 'x-original-url': '/orders/bob-1', 'x-rewrite-url': '/orders/bob-1', 'x-forwarded-uri': '/orders/bob-1' },
      { 'client-cert': ':MIIB:', 'x-client-cert': 'MIIB', 'x-forwarded-client-cert': `Subject="CN=${bob}"` },
      { cookie: '__Host-sp-bff=x; __Host-sp-authority=x' },
    ]
    for (const headers of spoofed) {
      assertNotTold(await call(place, place.alice, '/orders/bob-1', { headers }), JSON.stringify(headers))
      const list = await call(place, place.alice, '/orders', { headers })
      assert.doesNotMatch(list.text, /"bob-\d"/)
      assert.ok(
        ordersIn(list).some(({ id }) => id === 'alice-1'),
        'the target was rewritten',
      )
    }
    await aliceStillWorks(place)
  }
})

test('by name: a machine called like a user, or with her subject as its id, is never that user', async () => {
  const administrator = await administratorOf(system)
  const alice = ordersIn(await call(places[1] ?? assert.fail(), places[1]?.alice ?? '', '/orders'))[0]?.owner ?? ''
  assert.match(alice, /^user_/)
  for (const client_id of ['alice', alice.replace(/^user_/, '')]) {
    const client = await administrator.addClient({
      client_id,
      client_name: 'alice',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      scopes: ['read:orders'],
      resources: [resources.inside],
    })
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id,
      client_secret: client.client_secret ?? '',
      scope: 'read:orders',
    })
    const { access } = tokensIn(await exchange(`${system.issuer}/token`, { method: 'POST', body }))
    const place = { name: 'orders API', origin: ordersApi, alice: access, bob: '' }
    assertNotTold(await call(place, access, '/orders/alice-1'), client_id)
    assert.deepEqual(ordersIn(await call(place, access, '/orders')), [])
  }
})

test('by method: a refund is for support, whatever alice sends and however she names the method (OWASP API5)', async () => {
  for (const place of places) {
    const refund = JSON.stringify({ amount_cents: 100 })
    const before = await call(place, place.alice, '/orders/alice-1')
    const own = await call(place, place.alice, '/orders/alice-1/refund', { method: 'POST', body: refund })
    assert.deepEqual([own.status, own.json.code, own.json.door], [403, 'access_denied', 2])
    const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x_http_method_override']
    for (const name of overrides) {
      for (const [method, target, wanted] of [
        ['GET', '/orders/alice-1', 'PATCH'],
        ['GET', '/orders/alice-1/refund', 'POST'],
        ['POST', '/orders/alice-1', 'DELETE'],
        ['POST', '/orders/batch-read', 'GET'],
      ] as const) {
        const reply = await call(place, place.alice, target, { method, headers: { [name]: wanted } })
        const usual = await call(place, place.alice, target, { method })
        assert.equal(reply.status, usual.status, `${place.name} ${name}: ${wanted} changed ${method} ${target}`)
      }
    }
    for (const target of [
      '/orders/alice-2?_method=PATCH',
      '/orders/alice-2?method=DELETE',
      '/orders/alice-2?x-http-method-override=PUT',
    ]) {
      const reply = await call(place, place.alice, target)
      assert.ok(reply.status === 200 || reply.status === 400, `${target}: ${reply.status}`)
    }
    for (const method of ['PUT', 'DELETE', 'TRACE', 'LINK', 'PROPFIND']) {
      const reply = await call(place, place.alice, '/orders/alice-2', { method })
      assert.ok([404, 405, 501, 400].includes(reply.status), `${place.name} ${method}: ${reply.status} ${reply.text}`)
    }
    assert.equal((await call(place, place.alice, '/orders/alice-1')).json.refunded_cents, before.json.refunded_cents)
    assert.equal((await call(place, place.alice, '/orders/alice-2')).json.status, 'placed')
  }
})

test('by scope: a token that may read writes nothing (RFC 6750 §3.1)', async () => {
  const nightly = tokensIn(
    await tokenRequest(system, 'nightly', {
      grant_type: 'client_credentials',
      scope: 'read:orders',
      resource: resources.inside,
    }),
  ).access
  const place = { name: 'orders API', origin: ordersApi, alice: nightly, bob: '' }
  const body = JSON.stringify({ item: 'Rope', quantity: 1, unit_price_cents: 100 })
  const reply = await call(place, nightly, '/orders', { method: 'POST', body })
  assert.deepEqual([reply.status, reply.json.error], [403, 'insufficient_scope'])
  assert.match(String(reply.headers['www-authenticate']), /error="insufficient_scope".*scope="write:orders"/)
  for (const wanted of ['write:orders', 'read:orders refund:orders']) {
    const refused = await tokenRequest(system, 'nightly', { grant_type: 'client_credentials', scope: wanted })
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_scope'])
  }
  assert.equal((await call(place, nightly, '/orders')).status, 200)
})

test('what was decided about somebody’s request is shown to nobody who is not signed in as them (OWASP API1)', async () => {
  const [place] = places
  assert.ok(place)
  const decided = await call(place, place.bob, '/orders/bob-1')
  const id = String(decided.headers['x-request-id'])
  const own = { 'sallyport-csrf': '1' }
  const stranger = await exchange(system.app, { target: `/demo/log/${id}`, headers: own })
  assert.deepEqual([stranger.status, stranger.json], [200, { lines: [] }])
})
