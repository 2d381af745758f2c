import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import type { GuardOptions } from '../../options.ts'
import { bearer, dpop, exchange } from './exchange.ts'
import { type TestIssuer, testIssuer } from './test-issuer.ts'

/** The orders API, written in each framework's own way: what is served and to whom is the same in all. */
export interface OrdersApi {
  readonly origin: string
  close(): Promise<void>
}

export interface Order {
  readonly id: string
  readonly owner: string
}

export const orders: ReadonlyMap<string, Order> = new Map(
  [
    { id: 'alice-1', owner: 'user_alice' },
    { id: 'bob-1', owner: 'user_bob' },
  ].map(order => [order.id, order]),
)

/** The resource every adapter is tested as; its origin is not the one listened on, so that only the configured counts. */
export const resource = 'http://orders.test'

/**
 * What every adapter must do. `listen` serves, behind `guard(options)`: `GET /orders` and `POST /orders` (read:orders),
 * `GET /orders/:id` (read:orders, the order), `POST /orders/:id/refund` (read:orders write:orders, the order, DPoP only)
 * and the metadata; `GET /reports/:year` (read:orders, no object rule) where the framework tells routes.
 */
export function adapterSuite(
  name: string,
  listen: (options: GuardOptions) => Promise<OrdersApi>,
  traits: { readonly tellsRoutes: boolean },
): void {
  let issuer: TestIssuer
  let api: OrdersApi
  const log: Record<string, unknown>[] = []
  const write = (event: string, fields: Readonly<Record<string, unknown>> = {}) => log.push({ event, ...fields })

  before(async () => {
    issuer = await testIssuer()
    const silent = { info: write, warn: write, error: write }
    api = await listen({ issuer: issuer.issuer, resource, log: silent })
  })
  after(async () => {
    await api.close()
    await issuer.close()
  })
  const get = (path: string, headers: readonly (readonly [string, string])[] = []) =>
    exchange(api.origin, path, headers)

  test(`${name}: S63 without a token 401 names schemes, scope and metadata, and no error (RFC 6750 §3.1, RFC 9728 §5.1)`, async () => {
    const { status, headers, body } = await get('/orders')
    assert.equal(status, 401)
    assert.match(
      headers['www-authenticate'] ?? '',
      /^Bearer scope="read:orders", resource_metadata="http:\/\/orders\.test\/\.well-known\/oauth-protected-resource", DPoP .*algs="[^"]*ES256/,
    )
    assert.doesNotMatch(headers['www-authenticate'] ?? '', /error=/)
    assert.match(headers['content-type'] ?? '', /^application\/problem\+json/)
    assert.match(headers['access-control-expose-headers'] ?? '', /WWW-Authenticate, DPoP-Nonce/)
    assert.equal(JSON.parse(body).code, 'token_missing')
  })

  test(`${name}: a good token passes and the handler knows the caller (RFC 9068 §4)`, async () => {
    const { status, body } = await get('/orders', bearer(await issuer.token({})))
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(body), { subject: 'user_alice' })
  })

  test(`${name}: two Authorization headers are refused, whichever of them is good (RFC 6750 §3.1)`, async () => {
    const token = await issuer.token({})
    const { status, body } = await get('/orders', [...bearer(token), ...bearer(token)])
    assert.equal(status, 400)
    assert.equal(JSON.parse(body).code, 'credentials_repeated')
  })

  test(`${name}: a token in the query is refused, even beside a good header (OAuth 2.1 §5.1)`, async () => {
    const token = await issuer.token({})
    for (const path of [`/orders?access_token=${token}`, `/orders?x=1&access%5Ftoken=${token}`]) {
      const { status, body } = await get(path, bearer(token))
      assert.equal(status, 400)
      assert.equal(JSON.parse(body).code, 'token_in_query')
    }
  })

  test(`${name}: a missing scope is 403 and names all scopes of the operation (RFC 6750 §3.1, S63)`, async () => {
    const key = generateSigningKey('ES256')
    const token = await issuer.token({ cnf: { jkt: key.publicJwk.kid ?? '' } })
    const path = '/orders/alice-1/refund'
    const { status, headers } = await exchange(api.origin, path, dpop(key, token, 'POST', resource + path), {
      method: 'POST',
    })
    assert.equal(status, 403)
    assert.match(
      headers['www-authenticate'] ?? '',
      /^DPoP error="insufficient_scope".* scope="read:orders write:orders"/,
    )
  })

  test(`${name}: one's own object is served, another's is not there, and the two not-founds are alike (OWASP API1)`, async () => {
    const token = await issuer.token({})
    const own = await get('/orders/alice-1', bearer(token))
    assert.equal(own.status, 200)
    assert.deepEqual(JSON.parse(own.body), orders.get('alice-1'))
    const same = { ...Object.fromEntries(bearer(token)), 'x-request-id': 'same' }
    const others = await get('/orders/bob-1', Object.entries(same))
    const missing = await get('/orders/nobody-1', Object.entries(same))
    assert.equal(others.status, 404)
    const { date: _a, ...othersHeaders } = others.headers
    const { date: _b, ...missingHeaders } = missing.headers
    assert.deepEqual(othersHeaders, missingHeaders)
    assert.deepEqual(withoutRequestId(others.body), withoutRequestId(missing.body))
  })

  test(`${name}: S53 a machine named like a user is not that user (RFC 9068 §5)`, async () => {
    const token = await issuer.token({ sub: 'user_alice', client_id: 'user_alice' })
    assert.equal((await get('/orders/alice-1', bearer(token))).status, 404)
  })

  test(`${name}: S42 a DPoP-bound token as Bearer is 401 invalid_token (RFC 9449 §7.2)`, async () => {
    const token = await issuer.token({ cnf: { jkt: generateSigningKey('ES256').publicJwk.kid ?? '' } })
    const { status, headers } = await get('/orders', bearer(token))
    assert.equal(status, 401)
    assert.match(headers['www-authenticate'] ?? '', /DPoP error="invalid_token"/)
  })

  test(`${name}: S40 a proof for the configured origin passes once and its replay is refused (RFC 9449 §4.3, §11.1)`, async () => {
    const key = generateSigningKey('ES256')
    const token = await issuer.token({ cnf: { jkt: key.publicJwk.kid ?? '' } })
    const headers = dpop(key, token, 'GET', `${resource}/orders`)
    assert.equal((await get('/orders?page=2', headers)).status, 200)
    const again = await get('/orders', headers)
    assert.equal(again.status, 401)
    assert.equal(JSON.parse(again.body).code, 'proof_replayed')
    assert.match(again.headers['www-authenticate'] ?? '', /^DPoP error="invalid_dpop_proof"/)
  })

  test(`${name}: S39 two DPoP headers, another method or another address are refused (RFC 9449 §4.3)`, async () => {
    const key = generateSigningKey('ES256')
    const token = await issuer.token({ cnf: { jkt: key.publicJwk.kid ?? '' } })
    const good = dpop(key, token, 'GET', `${resource}/orders`)
    const proof = good[1] ?? ['dpop', '']
    const wrong = [
      [...good, proof],
      dpop(key, token, 'POST', `${resource}/orders`),
      dpop(key, token, 'GET', `${api.origin}/orders`),
    ]
    for (const headers of wrong) {
      const { status, body } = await get('/orders', headers)
      assert.equal(status, 401)
      assert.equal(JSON.parse(body).code, 'invalid_dpop_proof')
    }
    assert.equal((await get('/orders', good)).status, 200)
  })

  test(`${name}: S77 a bearer token where a bound one is wanted is 401 with the scheme that would do (RFC 9449 §7.1)`, async () => {
    const token = await issuer.token({ scope: 'read:orders write:orders' })
    const { status, headers } = await exchange(api.origin, '/orders/alice-1/refund', bearer(token), { method: 'POST' })
    assert.equal(status, 401)
    assert.match(headers['www-authenticate'] ?? '', /^DPoP /)
  })

  test(`${name}: S55 the metadata names this resource and its issuer at the well-known place (RFC 9728 §3)`, async () => {
    const { status, body } = await get('/.well-known/oauth-protected-resource')
    assert.equal(status, 200)
    const document = JSON.parse(body)
    assert.equal(document.resource, resource)
    assert.deepEqual(document.authorization_servers, [issuer.issuer])
    assert.deepEqual(document.scopes_supported, ['read:orders', 'write:orders'])
  })

  test(`${name}: S73 a JWT is refused by the API itself once the feed has told of its revocation (RFC 7009 §2)`, async () => {
    const jti = `revoked-by-${name}`
    const token = await issuer.token({ jti })
    assert.equal((await get('/orders', bearer(token))).status, 200)
    await issuer.revoke({ kind: 'token', id: jti })
    const refused = await until(30_000, async () => (await get('/orders', bearer(token))).status === 401)
    assert.ok(refused)
    assert.equal(JSON.parse((await get('/orders', bearer(token))).body).code, 'token_revoked')
  })

  if (traits.tellsRoutes) {
    test(`${name}: a path parameter without an object rule stays closed and the log says what to do (OWASP API1)`, async () => {
      const { status, body } = await get('/reports/2026', bearer(await issuer.token({})))
      assert.equal(status, 403)
      assert.equal(JSON.parse(body).code, 'object_rule_missing')
      assert.ok(log.some(line => line.code === 'object_rule_missing' && String(line.got).includes('/reports/:year')))
    })
  }
}

function withoutRequestId(body: string): unknown {
  const { request_id: _id, ...rest } = JSON.parse(body)
  return rest
}

/** Asks again until it is so or the time is over. */
async function until(milliseconds: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (Date.now() < end) if (await holds()) return true
  return false
}
