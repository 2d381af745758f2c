import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { resource } from './http/testing/adapter-suite.ts'
import { bearer, dpop } from './http/testing/exchange.ts'
import { ask, describe, guardHarness, quiet, settled } from './http/testing/guard-harness.ts'
import { testIssuer } from './http/testing/test-issuer.ts'

const harness = await guardHarness()
const { issuer, open } = harness
const boundKey = generateSigningKey('ES256')
const bound = { cnf: { jkt: boundKey.publicJwk.kid ?? '' } }
after(() => harness.close())

test('a token seen before is judged without waiting: the answer is no promise', async () => {
  const guard = open()
  const operation = guard.declare('read:orders')
  const described = describe(bearer(await issuer.token({})))
  assert.ok(guard.pass(operation, described, {}) instanceof Promise)
  await guard.pass(operation, described, {})
  const again = guard.pass(operation, described, {})
  assert.ok(!(again instanceof Promise) && 'caller' in again)
  assert.equal(guard.state().cachedTokens, 1)
})

test('a remembered token is asked for the scopes of each operation, and read anew in any other form', async () => {
  const guard = open()
  const token = await issuer.token({ scope: 'read:orders' })
  const reading = guard.declare('read:orders')
  const writing = guard.declare('write:orders')
  for (const [operation, status] of [
    [reading, 200],
    [reading, 200],
    [writing, 403],
    [reading, 200],
    [writing, 403],
  ] as const) {
    const passed = await guard.pass(operation, describe(bearer(token)), {})
    assert.equal('status' in passed ? passed.status : 200, status)
  }
  assert.equal((await ask(guard, [['authorization', `Bearer ${token}, Bearer ${token}`]])).code, 'credentials_repeated')
  assert.equal((await ask(guard, [['authorization', `Bearer ${token}"`]])).code, 'authorization_malformed')
})

test('every wrong claim is 401 under its own name (RFC 9068 §4)', async () => {
  const guard = open()
  const now = Math.floor(Date.now() / 1000)
  const wrong: readonly (readonly [string, Promise<string> | string])[] = [
    ['token_expired', issuer.token({ exp: now - 10 })],
    ['wrong_audience', issuer.token({ aud: `${resource}/` })],
    ['wrong_issuer', issuer.token({ iss: `${issuer.issuer}/` })],
    ['not_yet_valid', issuer.token({ nbf: now + 61 })],
    ['wrong_type', issuer.token({}, 'JWT')],
    ['unknown_key', tokenOfAnotherKey()],
    ['token_malformed', 'a.b.c'],
    ['token_opaque', issuer.opaque({})],
  ]
  for (const [code, token] of wrong) {
    const answer = await ask(guard, bearer(await token))
    assert.deepEqual([answer.code, answer.status], [code, 401])
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer error="invalid_token"/)
  }
})

async function tokenOfAnotherKey(): Promise<string> {
  const other = await testIssuer()
  await other.close()
  return other.token({ iss: issuer.issuer })
}

test('S51 an ID token of the same key is refused by name (RFC 9068 §4)', async () => {
  const idToken = await issuer.token({ client_id: undefined, scope: undefined } as never, 'JWT')
  assert.equal((await ask(open(), bearer(idToken))).code, 'id_token_sent')
})

test('S52 a gateway takes tokens of its own resource and of the service behind it, and of no other (RFC 9068 §4)', async () => {
  const guard = open({ alsoAccept: ['http://inside.test'] })
  assert.equal((await ask(guard, bearer(await issuer.token({ aud: 'http://inside.test' })))).status, 200)
  assert.equal((await ask(guard, bearer(await issuer.token({})))).status, 200)
  assert.equal((await ask(guard, bearer(await issuer.token({ aud: 'http://other.test' })))).code, 'wrong_audience')
})

test('S75 keys that cannot be had are 503 with Retry-After, and the next request after the repair passes', async () => {
  const broken = await testIssuer()
  broken.breakDown()
  const guard = open({ issuer: broken.issuer })
  const headers = bearer(await broken.token({}))
  const refused = await ask(guard, headers)
  assert.deepEqual([refused.status, refused.code, refused.headers['retry-after']], [503, 'keys_unavailable', '1'])
  broken.repair()
  await new Promise(resolve => setTimeout(resolve, 1100))
  assert.equal((await ask(guard, headers)).status, 200)
  guard.close()
  await broken.close()
})

test('S43 a proof without ath, or with another token’s, is refused and not used up (RFC 9449 §4.3 check 12)', async () => {
  const guard = open()
  const token = await issuer.token(bound)
  for (const ath of [undefined, 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo']) {
    const headers = dpop(boundKey, token, 'GET', `${resource}/orders`, { ath } as never)
    assert.equal((await ask(guard, headers)).code, 'invalid_dpop_proof')
  }
  const otherKey = generateSigningKey('ES256')
  assert.equal((await ask(guard, dpop(otherKey, token, 'GET', `${resource}/orders`))).code, 'unbound')
})

test('an unbound token with the scheme DPoP is refused even with a good proof (RFC 9449 §7.1)', async () => {
  const headers = dpop(boundKey, await issuer.token({}), 'GET', `${resource}/orders`)
  assert.equal((await ask(open(), headers)).code, 'unbound')
})

test('S44 with nonces on, a proof without one is 401 use_dpop_nonce and the same with it passes (RFC 9449 §9)', async () => {
  const guard = open({ nonceSecret: randomBytes(32) })
  const token = await issuer.token(bound)
  const first = await ask(guard, dpop(boundKey, token, 'GET', `${resource}/orders`))
  assert.deepEqual([first.status, first.code], [401, 'use_dpop_nonce'])
  assert.match(first.headers['www-authenticate'] ?? '', /^DPoP error="use_dpop_nonce"/)
  const nonce = first.headers['dpop-nonce'] ?? ''
  assert.equal((await ask(guard, dpop(boundKey, token, 'GET', `${resource}/orders`, { nonce }))).status, 200)
  assert.equal(
    (await ask(guard, dpop(boundKey, token, 'GET', `${resource}/orders`, { nonce: 'x' }))).code,
    'use_dpop_nonce',
  )
  assert.equal(guard.nextNonce(), nonce)
})

test('S41 a shared replay memory decides between replicas, and its failure is 503, not a pass (RFC 9449 §11.1)', async () => {
  const used = new Set<string>()
  const replay = {
    claim: async (hash: string) => (used.has(hash) ? 'lost' : used.add(hash) && 'won') as 'won' | 'lost',
  }
  const headers = dpop(boundKey, await issuer.token(bound), 'GET', `${resource}/orders`)
  const answers = await Promise.all([ask(open({ replay }), headers), ask(open({ replay }), headers)])
  assert.deepEqual(answers.map(answer => answer.status).toSorted(), [200, 401])
  const broken = open({ replay: { claim: () => Promise.reject(new Error('no connection')) } })
  assert.equal((await ask(broken, headers)).code, 'replay_memory_unavailable')
})

test('a full replay memory refuses with 503 and Retry-After', async () => {
  const guard = open({ maxProofs: 1 })
  const token = await issuer.token(bound)
  assert.equal((await ask(guard, dpop(boundKey, token, 'GET', `${resource}/orders`))).status, 200)
  const second = await ask(guard, dpop(boundKey, token, 'GET', `${resource}/orders`))
  assert.deepEqual([second.status, second.headers['retry-after']], [503, '1'])
})

test('an opaque token is introspected once and then remembered until the feed takes it back (RFC 7662 §4)', async () => {
  const guard = open({ client: { clientId: 'orders-api', key: issuer.clientKey } })
  const token = issuer.opaque({ jti: 'opaque-1', family: 'family-1' })
  const asked = () => issuer.asked.get('/introspect') ?? 0
  const before = asked()
  assert.equal((await ask(guard, bearer(token))).status, 200)
  assert.equal((await ask(guard, bearer(token))).status, 200)
  assert.equal(asked(), before + 1)
  await issuer.revoke({ kind: 'family', id: 'family-1' })
  await settled(async () => (await ask(guard, bearer(token))).code === 'token_revoked')
})

test('without a feed an opaque token is asked about every time, and an unknown one is inactive (RFC 7662 §2.2)', async () => {
  const guard = open({ client: { clientId: 'orders-api', key: issuer.clientKey }, revocation: 'none' })
  const token = issuer.opaque({})
  const before = issuer.asked.get('/introspect') ?? 0
  for (let times = 0; times < 2; times += 1) assert.equal((await ask(guard, bearer(token))).status, 200)
  assert.equal(issuer.asked.get('/introspect'), before + 2)
  assert.equal((await ask(guard, bearer(`${token}x`))).code, 'token_inactive')
  assert.equal(guard.state().feed, 'none')
})

test('a guard whose own credential is refused is an outage, not a verdict on the token (RFC 7662 §2.3)', async () => {
  const guard = open({ client: { clientId: 'orders-api', key: generateSigningKey('ES256') } })
  const answer = await ask(guard, bearer(issuer.opaque({})))
  assert.deepEqual([answer.status, answer.code], [503, 'introspection_unavailable'])
})

test('the revocation of a client ends its remembered tokens, opaque or JWT', async () => {
  const guard = open({ client: { clientId: 'orders-api', key: issuer.clientKey } })
  const tokens = [await issuer.token({ client_id: 'gone' }), issuer.opaque({ client_id: 'gone' })]
  for (const token of tokens) assert.equal((await ask(guard, bearer(token))).status, 200)
  await issuer.revoke({ kind: 'client', id: 'gone' })
  for (const token of tokens) await settled(async () => (await ask(guard, bearer(token))).code === 'token_revoked')
})

test('with the feed cut everything is 503 after the bound, never 401, and passes again when it is back', async t => {
  const own = await testIssuer()
  t.after(() => own.close())
  const alarms: string[] = []
  const log = { ...quiet, warn: (event: string) => alarms.push(event), error: (event: string) => alarms.push(event) }
  const guard = open({ issuer: own.issuer, revocation: { maxSilenceSeconds: 4 }, log })
  t.after(() => guard.close())
  const headers = bearer(await own.token({}))
  assert.equal((await ask(guard, headers)).status, 200)
  own.cutFeed()
  await settled(async () => alarms.includes('revocations_late'), 4000)
  assert.equal(guard.state().feed, 'late')
  assert.equal((await ask(guard, headers)).status, 200)
  await settled(async () => (await ask(guard, headers)).status !== 200, 4000)
  const refused = await ask(guard, headers)
  assert.deepEqual(
    [refused.status, refused.code, refused.headers['retry-after']],
    [503, 'revocations_unavailable', '1'],
  )
  assert.match(guard.metrics(), /sallyport_revocation_feed_silence_seconds [1-9]/)
  own.restoreFeed()
  await settled(async () => (await ask(guard, headers)).status === 200, 5000)
})

test('what was revoked while a guard was away reaches it with the next snapshot', async t => {
  const own = await testIssuer()
  const guard = open({ issuer: own.issuer })
  t.after(() => {
    guard.close()
    return own.close()
  })
  const headers = bearer(await own.token({ jti: 'missed' }))
  assert.equal((await ask(guard, headers)).status, 200)
  own.cutFeed()
  await own.revoke({ kind: 'token', id: 'missed' })
  own.restoreFeed()
  await settled(async () => (await ask(guard, headers)).code === 'token_revoked', 5000)
})

test('an authority that starts anew with another epoch is followed, and nothing revoked before comes back', async t => {
  const own = await testIssuer()
  const guard = open({ issuer: own.issuer })
  t.after(() => {
    guard.close()
    return own.close()
  })
  const [before, after] = [bearer(await own.token({ jti: 'before' })), bearer(await own.token({ jti: 'after' }))]
  for (const headers of [before, after]) assert.equal((await ask(guard, headers)).status, 200)
  await own.revoke({ kind: 'token', id: 'before' })
  await settled(async () => (await ask(guard, before)).code === 'token_revoked')
  own.restartFeed()
  const asked = own.asked.get('/revocations') ?? 0
  await settled(async () => (own.asked.get('/revocations') ?? 0) > asked, 3000)
  assert.equal((await ask(guard, after)).status, 200)
  assert.equal((await ask(guard, before)).code, 'token_revoked')
  await own.revoke({ kind: 'token', id: 'after' })
  await settled(async () => (await ask(guard, after)).code === 'token_revoked', 2000)
})
