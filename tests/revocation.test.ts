import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClientAssertion, importPrivateJwk, isRefusal, signNow } from '@sallyport/credentials'
import { administratorOf } from './administrator.ts'
import { getTokens, nowSeconds, randomText, type Tokens, tokenRequest, tokensIn } from './code-flow.ts'
import { exchange, type Reply } from './exchange.ts'
import { systemOfFile } from './system.ts'
import { UserAgent } from './user-agent.ts'

const revocations = 200
const limitMs = 1000
/** A revocation that does not arrive is given up after this. */
const patienceMs = 10_000

const system = await systemOfFile()
const { outside, inside } = system.resources
const agent = new UserAgent()

const orders = `${inside}/orders`

/** A token of a user for the API, and the refresh token of its family. */
const userTokens = (resource: string): Promise<Tokens> =>
  getTokens(system, {
    client: 'web-app',
    username: 'alice',
    scope: 'openid offline_access read:orders',
    resource,
    agent,
  })

async function machineToken(clientId: string, resource: string): Promise<string> {
  const asked = { grant_type: 'client_credentials', scope: 'read:orders', resource }
  return tokensIn(await tokenRequest(system, clientId, asked)).access
}

const read = (address: string, token: string): Promise<Reply> =>
  exchange(address, { headers: { authorization: `Bearer ${token}` } })

/** What the gateway sends inside for `token`, got with the gateway's own key (RFC 8693). */
async function phantomOf(token: string): Promise<string> {
  const key = importPrivateJwk(system.client('gateway').private_jwk, 'ES256')
  if (isRefusal(key)) throw new Error(key.refused)
  const { issuer } = system
  const assertion = { clientId: 'gateway', issuer, key, nowSeconds: nowSeconds(), jti: randomText() }
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: inside,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await createClientAssertion(assertion, signNow),
  })
  return tokensIn(await exchange(`${issuer}/token`, { method: 'POST', body })).access
}

async function revoke(clientId: string, token: string): Promise<void> {
  const headers = { authorization: `Basic ${btoa(`${clientId}:${system.client(clientId).client_secret}`)}` }
  const sent = { method: 'POST', headers, body: new URLSearchParams({ token }) }
  const { status, text } = await exchange(`${system.issuer}/revoke`, sent)
  assert.equal(status, 200, text)
}

/** Shows the token until the API refuses it as revoked; `performance.now()` of that answer. */
async function firstRefusal(address: string, token: string): Promise<number> {
  const givenUpAt = performance.now() + patienceMs
  while (performance.now() < givenUpAt) {
    const { status, json, headers } = await read(address, token)
    if (status === 200) continue
    assert.deepEqual([status, json.code], [401, 'token_revoked'])
    assert.match(String(headers['www-authenticate']), /error="invalid_token"/)
    return performance.now()
  }
  throw new Error(`the revoked token is still taken after ${patienceMs} ms`)
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

/** How often the introspection endpoint was asked since the start, as the authority's own metrics count. */
async function introspections(): Promise<number> {
  const { text } = await exchange(`${system.issuer}/metrics`)
  const counts = text.matchAll(
    /^http_server_request_duration_seconds_count\{[^}]*endpoint="\/introspect"[^}]*\} (\d+)$/gm,
  )
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

interface Way {
  readonly what: string
  readonly address: string
  /** Introspections that this many tokens cost: an opaque one is asked about when it is first seen. */
  readonly introspectionsEach: 0 | 1
  /** A live token at the address, and what of which client is revoked. */
  open(): Promise<{ readonly shown: string; readonly client: string; readonly revoked: string }>
}

const ways: readonly Way[] = [
  {
    what: 'a JWT at the orders API',
    address: orders,
    introspectionsEach: 0,
    open: async () => {
      const token = await machineToken('nightly', inside)
      return { shown: token, client: 'nightly', revoked: token }
    },
  },
  {
    what: 'an opaque token at the gateway',
    address: outside,
    introspectionsEach: 1,
    open: async () => {
      const token = await machineToken('nightly', outside)
      return { shown: token, client: 'nightly', revoked: token }
    },
  },
  {
    what: 'the phantom of an opaque token at the orders API',
    address: orders,
    introspectionsEach: 0,
    open: async () => {
      const { access, refresh } = await userTokens(outside)
      return { shown: await phantomOf(access), client: 'web-app', revoked: refresh }
    },
  },
  {
    what: 'a JWT whose refresh token is revoked, at the orders API',
    address: orders,
    introspectionsEach: 0,
    open: async () => {
      const { access, refresh } = await userTokens(inside)
      return { shown: access, client: 'web-app', revoked: refresh }
    },
  },
]

for (const { what, address, introspectionsEach, open } of ways) {
  test(`S73 ${what} is refused within a second of the revocation, p99 of ${revocations}, by the feed and no introspection (RFC 7009 §2.1)`, async t => {
    const asked = await introspections()
    const took: number[] = []
    for (let each = 0; each < revocations; each += 1) {
      const { shown, client, revoked } = await open()
      assert.equal((await read(address, shown)).status, 200)
      const sentAt = performance.now()
      const [refusedAt] = await Promise.all([firstRefusal(address, shown), revoke(client, revoked)])
      took.push(refusedAt - sentAt)
    }
    const [median, p99] = [percentile(took, 0.5), percentile(took, 0.99)]
    t.diagnostic(`median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${Math.max(...took).toFixed(1)} ms`)
    assert.ok(p99 < limitMs, `p99 ${p99} ms`)
    assert.equal((await introspections()) - asked, introspectionsEach * revocations)
  })
}

test('an opaque token’s own revocation reaches its phantom at the orders API (RFC 7009 §2.1, RFC 8693)', async () => {
  const { access } = await userTokens(outside)
  const phantom = await phantomOf(access)
  assert.equal((await read(orders, phantom)).status, 200)
  await Promise.all([firstRefusal(orders, phantom), revoke('web-app', access)])
})

test('S53 a machine client named like a user, or like a user’s subject, is never taken for that user (RFC 9068 §5)', async () => {
  const alice = await userTokens(inside)
  const subject = payloadOf(alice.access).sub
  const own = await read(orders, alice.access)
  assert.match(own.text, /alice-1/)
  const administrator = await administratorOf(system)
  for (const client_id of ['alice', subject]) {
    const { client_secret } = await administrator.addClient({
      client_id,
      client_name: 'Alice',
      grant_types: ['client_credentials'],
      scopes: ['read:orders'],
      resources: [inside, outside],
    })
    for (const [resource, address] of [
      [inside, orders],
      [outside, outside],
    ] as const) {
      const headers = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` }
      const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:orders', resource })
      const { access } = tokensIn(await exchange(`${system.issuer}/token`, { method: 'POST', headers, body }))
      const list = await read(address, access)
      assert.equal(list.status, 200)
      assert.doesNotMatch(list.text, /alice-/, 'none of her orders')
      assert.equal((await read(`${address}/alice-1`, access)).status, 404)
      if (resource === inside) assert.equal(payloadOf(access).sub, `client_${client_id}`)
    }
  }
})

const payloadOf = (jwt: string): { readonly sub: string } =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
