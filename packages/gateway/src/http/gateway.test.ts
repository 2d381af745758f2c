import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { generateSigningKey, parseCompactJws } from '@sallyport/credentials'
import { bearer, dpop, exchange } from '@sallyport/guard/testing/exchange'
import { testIssuer } from '@sallyport/guard/testing/issuer'
import { code, gatewayHarness, inside, outside, page } from './testing/gateway-harness.ts'

const harness = await gatewayHarness()
const { issuer, origin, upstream, seen, start, get } = harness
after(() => harness.close())
beforeEach(() => harness.reset())

function claimsInside(): Readonly<Record<string, unknown>> {
  const parsed = parseCompactJws(seen.at(-1)?.headers.authorization?.slice('Bearer '.length) ?? '')
  assert.ok(!('refused' in parsed))
  return JSON.parse(parsed.payload.toString())
}

test('S67 an opaque token from outside goes inside as a JWT for the service, never as itself (DECISIONS: Phantom token)', async () => {
  const token = issuer.opaque({ aud: outside, jti: 'o1', family: 'f1', scope: 'read:orders' })
  const { status, headers, body } = await get('/orders/alice-1?page=2', bearer(token))
  assert.equal(status, 200)
  assert.equal(body, '{"ok":true}')
  assert.match(headers['x-request-id'] ?? '', /./)
  assert.equal(seen[0]?.url, '/orders/alice-1?page=2')
  assert.ok(!JSON.stringify(seen).includes(token))
  const { aud, sub, client_id, jti, family, exp, iat, cnf } = claimsInside()
  assert.deepEqual(
    { aud, sub, client_id, jti, family, cnf },
    { aud: inside, sub: 'user_alice', client_id: 'shop', jti: 'o1', family: 'f1', cnf: undefined },
  )
  assert.ok(Number(exp) - Number(iat) <= 60)
})

test('a JWT from outside is exchanged as well, for the gateway’s resource and for the service’s own (RFC 8693 §2)', async () => {
  for (const aud of [outside, inside]) {
    const token = await issuer.token({ aud })
    assert.equal((await get('/orders', bearer(token))).status, 200)
    assert.equal(claimsInside().aud, inside)
    assert.notEqual(seen.at(-1)?.headers.authorization, `Bearer ${token}`)
  }
  assert.equal((await get('/orders', bearer(await issuer.token({ aud: 'http://other.test' })))).status, 401)
})

test('however many requests carry one token, the authority is asked once to exchange it', async () => {
  const token = issuer.opaque({ aud: outside })
  const before = issuer.asked.get('/token') ?? 0
  const answers = await Promise.all(Array.from({ length: 20 }, () => get('/orders', bearer(token))))
  assert.ok(answers.every(({ status }) => status === 200))
  await get('/orders', bearer(token))
  assert.equal(issuer.asked.get('/token'), before + 1)
})

test('S73 a token is refused at the gateway once the feed has told of its revocation, its kept exchange included (RFC 7009 §2)', async () => {
  const token = issuer.opaque({ aud: outside, family: 'f-revoked' })
  assert.equal((await get('/orders', bearer(token))).status, 200)
  await issuer.revoke({ kind: 'family', id: 'f-revoked' })
  let answer = await get('/orders', bearer(token))
  for (let tries = 0; answer.status === 200 && tries < 10_000; tries += 1) answer = await get('/orders', bearer(token))
  assert.deepEqual([answer.status, code(answer.body)], [401, 'token_revoked'])
})

test('S40 proofs name the gateway’s configured origin and the path called; the proof does not go inside (RFC 9449 §4.3)', async () => {
  const key = generateSigningKey('ES256')
  const token = issuer.opaque({ aud: outside, cnf: { jkt: key.publicJwk.kid ?? '' } })
  const headers = dpop(key, token, 'GET', 'http://gateway.test/orders/alice-1')
  assert.equal((await get('/orders/alice-1', headers)).status, 200)
  assert.equal(seen[0]?.headers.dpop, undefined)
  assert.match(seen[0]?.headers.authorization ?? '', /^Bearer /)
  assert.equal(claimsInside().cnf, undefined)
  assert.equal(code((await get('/orders/alice-1', headers)).body), 'proof_replayed')
  assert.equal(code((await get('/orders', dpop(key, token, 'GET', `${origin}/orders`))).body), 'invalid_dpop_proof')
  assert.equal(code((await get('/orders', bearer(token))).body), 'unbound')
})

test('S63 without a token 401 names schemes and the metadata, which S55 is about this very resource (RFC 9728 §5.1)', async () => {
  const { status, headers } = await get('/orders')
  assert.equal(status, 401)
  const url = /resource_metadata="([^"]+)"/.exec(headers['www-authenticate'] ?? '')?.[1]
  assert.equal(url, 'http://gateway.test/.well-known/oauth-protected-resource/orders')
  const { body } = await get('/.well-known/oauth-protected-resource/orders')
  assert.equal(JSON.parse(body).resource, outside)
})

test('S63 what a route advertises is named to callers without a token, and asked of none (RFC 9728 §2)', async () => {
  const route = { prefix: '/orders', upstream: `${upstream}/orders`, resource: outside, audience: inside }
  const [telling, at] = await start({ routes: [{ ...route, advertises: { GET: 'read:orders', '*': 'write:orders' } }] })
  const { headers } = await exchange(at, '/orders')
  assert.match(headers['www-authenticate'] ?? '', /^Bearer scope="read:orders",/)
  const { body } = await exchange(at, '/.well-known/oauth-protected-resource/orders')
  assert.deepEqual(JSON.parse(body).scopes_supported, ['read:orders', 'write:orders'])
  assert.equal((await exchange(at, '/orders', bearer(issuer.opaque({ aud: outside, scope: 'other' })))).status, 200)
  await telling.close()
})

test('S44 with nonces on, the challenge and every later answer carry exactly one DPoP-Nonce (RFC 9449 §8.2, §9)', async () => {
  const [strict, at] = await start({ nonceSecret: Buffer.alloc(32, 7) })
  const key = generateSigningKey('ES256')
  const token = issuer.opaque({ aud: outside, cnf: { jkt: key.publicJwk.kid ?? '' } })
  const url = 'http://gateway.test/orders'
  const first = await exchange(at, '/orders', [...dpop(key, token, 'GET', url), ['origin', page]])
  assert.deepEqual([first.status, code(first.body)], [401, 'use_dpop_nonce'])
  assert.equal(first.headers['access-control-allow-origin'], page)
  const nonce = first.headers['dpop-nonce'] ?? ''
  assert.match(nonce, /^[\w-]{43}$/)
  const second = await exchange(at, '/orders', dpop(key, token, 'GET', url, { nonce }))
  assert.deepEqual([second.status, second.headers['dpop-nonce']], [200, nonce])
  await strict.close()
})

test('CORS is for listed origins, on errors too, and exposes what clients must read (RFC 9449 §7.1, S47)', async () => {
  const refused = await get('/orders', [['origin', page]])
  assert.equal(refused.status, 401)
  assert.equal(refused.headers['access-control-allow-origin'], page)
  assert.match(refused.headers['access-control-expose-headers'] ?? '', /WWW-Authenticate, DPoP-Nonce/)
  assert.equal(refused.headers['access-control-allow-credentials'], undefined)
  const foreign = await get('/orders', [['origin', 'https://evil.test']])
  assert.equal(foreign.headers['access-control-allow-origin'], undefined)
  const ask = [['access-control-request-method', 'POST']] as const
  const preflight = await exchange(origin, '/orders', [['origin', page], ...ask], { method: 'OPTIONS' })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /Authorization, DPoP/)
  const unlisted = await exchange(origin, '/orders', [['origin', 'https://evil.test'], ...ask], { method: 'OPTIONS' })
  assert.deepEqual([unlisted.status, code(unlisted.body)], [403, 'origin_unlisted'])
  assert.equal(seen.length, 0)
})

test('a caller over its quota gets 429 with Retry-After, others and other subjects go on (RFC 6585 §4)', async () => {
  const [limited, at] = await start({ rateLimits: { perCaller: { requests: 2, seconds: 60 } } })
  const ask = (sub: string) => exchange(at, '/orders', bearer(issuer.opaque({ aud: outside, sub })))
  const first = await ask('user_alice')
  assert.equal(first.headers.ratelimit, '"caller";r=1;t=30')
  assert.equal(first.headers['ratelimit-policy'], '"caller";q=2;w=60')
  await ask('user_alice')
  const third = await ask('user_alice')
  assert.deepEqual([third.status, code(third.body), third.headers['retry-after']], [429, 'rate_limited', '30'])
  assert.equal((await ask('user_bob')).status, 200)
  await limited.close()
})

test('guessing tokens from one address is limited, also all at once, and then not even judged (RFC 6585 §4)', async () => {
  const [limited, at] = await start({ rateLimits: { perAddress: { requests: 3, seconds: 60 } } })
  const good = bearer(issuer.opaque({ aud: outside }))
  assert.equal((await exchange(at, '/orders', good)).status, 200)
  const before = issuer.asked.get('/introspect') ?? 0
  const guesses = Array.from({ length: 20 }, (_, guess) => exchange(at, '/orders', bearer(`sp_at_guess${guess}`)))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  assert.equal(statuses.filter(status => status === 401).length, 3)
  assert.equal(statuses.filter(status => status === 429).length, 17)
  assert.equal(issuer.asked.get('/introspect'), before + 3)
  assert.equal((await exchange(at, '/orders', good)).status, 200)
  await limited.close()
})

test('who passes while the address has no quota left gives none back to those who guess (RFC 6585 §4)', async () => {
  const [limited, at] = await start({ rateLimits: { perAddress: { requests: 3, seconds: 600 } } })
  const good = bearer(issuer.opaque({ aud: outside }))
  const ask = async (headers: ReturnType<typeof bearer>) => (await exchange(at, '/orders', headers)).status
  assert.equal(await ask(good), 200)
  for (let guess = 0; guess < 3; guess += 1) assert.equal(await ask(bearer(`sp_at_guess${guess}`)), 401)
  for (let time = 0; time < 5; time += 1) assert.equal(await ask(good), 200)
  assert.equal(await ask(bearer('sp_at_guess3')), 429)
  await limited.close()
})

test('a caller over its quota fills no memory of proofs, which all callers share (RFC 9449 §11.1, RFC 6585 §4)', async () => {
  let claims = 0
  const replay = { claim: () => (++claims > 0 ? ('won' as const) : ('full' as const)) }
  const [limited, at] = await start({ replay, rateLimits: { perCaller: { requests: 2, seconds: 600 } } })
  const key = generateSigningKey('ES256')
  const token = issuer.opaque({ aud: outside, cnf: { jkt: key.publicJwk.kid ?? '' } })
  const statuses: number[] = []
  for (let time = 0; time < 6; time += 1) {
    const headers = dpop(key, token, 'GET', 'http://gateway.test/orders')
    statuses.push((await exchange(at, '/orders', headers)).status)
  }
  assert.deepEqual(statuses, [200, 200, 429, 429, 429, 429])
  assert.equal(claims, 2)
  await limited.close()
})

test('scopes are asked at the gateway only where configured, and then all are named (RFC 6750 §3.1)', async () => {
  const [strict, at] = await start({
    routes: [
      {
        prefix: '/orders',
        upstream: `${upstream}/orders`,
        resource: outside,
        audience: inside,
        scopes: { GET: 'read:orders', '*': 'write:orders' },
      },
    ],
  })
  const headers = bearer(issuer.opaque({ aud: outside, scope: 'read:orders' }))
  assert.equal((await exchange(at, '/orders', headers)).status, 200)
  const refused = await exchange(at, '/orders', headers, { method: 'POST' })
  assert.equal(refused.status, 403)
  assert.match(refused.headers['www-authenticate'] ?? '', /error="insufficient_scope".*scope="write:orders"/)
  await strict.close()
})

test('with the authority’s exchange down, remembered tokens still pass and new ones are 503, never 401', async () => {
  const own = await testIssuer()
  const [made, at] = await start({ issuer: own.issuer, client: { clientId: 'gateway', key: own.clientKey } })
  const known = await own.token({ aud: outside })
  assert.equal((await exchange(at, '/orders', bearer(known))).status, 200)
  const fresh = await own.token({ aud: outside })
  own.breakDown()
  assert.equal((await exchange(at, '/orders', bearer(known))).status, 200)
  const refused = await exchange(at, '/orders', bearer(fresh))
  assert.deepEqual(
    [refused.status, code(refused.body), refused.headers['retry-after']],
    [503, 'exchange_unavailable', '1'],
  )
  await made.close()
  await own.close()
})
