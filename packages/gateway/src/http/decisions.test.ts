import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { generateSigningKey, parseCompactJws } from '@sallyport/credentials'
import { bearer, dpop, exchange, type Reply } from '@sallyport/guard/testing/exchange'
import type { DecisionOptions } from '../options.ts'
import { code, gatewayHarness, inside, outside, page } from './testing/gateway-harness.ts'

const harness = await gatewayHarness()
const { issuer, upstream } = harness
const proxyOrigin = 'https://api.test'
const openapi = { method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' } as const
const route = {
  prefix: '/orders',
  upstream: `${upstream}/orders`,
  resource: outside,
  audience: inside,
  public: [openapi],
}

async function start(decisions: Partial<DecisionOptions>, more: Parameters<typeof harness.start>[0] = {}) {
  const [gateway, , at] = await harness.start({
    routes: [route],
    ...more,
    decisions: {
      proxy: 'nginx',
      from: { by: 'address', addresses: ['127.0.0.1'] },
      origin: proxyOrigin,
      port: 0,
      ...decisions,
    },
  })
  return { gateway, at }
}

const nginx = await start({})
const envoy = await start({ proxy: 'envoy' })
after(async () => {
  await nginx.gateway.close()
  await envoy.gateway.close()
  await harness.close()
})

type Headers = readonly (readonly [string, string])[]

/** What nginx asks about a caller's request. */
function askAsNginx(method: string, target: string, headers: Headers = [], at = nginx.at): Promise<Reply> {
  return exchange(at, '/decide', [
    ['X-Original-Method', method],
    ['X-Original-URI', target],
    ['X-Original-Address', '192.0.2.7'],
    ...headers,
  ])
}

/** What Envoy asks about a caller's request. */
function askAsEnvoy(method: string, target: string, headers: Headers = [], at = envoy.at): Promise<Reply> {
  return exchange(at, `/decide${target}`, [['x-original-address', '192.0.2.7'], ...headers], { method })
}

const kinds = [
  ['nginx', askAsNginx],
  ['Envoy', askAsEnvoy],
] as const

/** The caller's answer, however it comes. */
async function spelled(reply: Reply, at = nginx.at): Promise<Reply> {
  const carried = reply.headers['x-sallyport-answer']
  if (carried === undefined) return reply
  return exchange(at, '/answer', [['X-Sallyport-Answer', carried]])
}

for (const [name, ask] of kinds) {
  test(`S67 ${name} gets the phantom token for its service, and never the outside token back`, async () => {
    const token = issuer.opaque({ aud: outside })
    const { status, headers, body } = await ask('GET', '/orders/alice-1?page=2', bearer(token))
    assert.equal(status, 200)
    assert.equal(body, '')
    const parsed = parseCompactJws(headers.authorization?.slice('Bearer '.length) ?? '')
    assert.ok(!('refused' in parsed))
    assert.equal(JSON.parse(parsed.payload.toString()).aud, inside)
    assert.equal(headers.forwarded, 'for=192.0.2.7;proto=https;host="api.test"')
    assert.match(headers['x-request-id'] ?? '', /^[0-9a-f]{24}$/)
    assert.match(headers.ratelimit ?? '', /^"caller"/)
    assert.ok(!JSON.stringify(headers).includes(token))
  })

  test(`${name}: without a token the caller gets 401 with schemes and metadata of the proxy’s origin (RFC 9728 §5.1)`, async () => {
    const answer = await spelled(await ask('GET', '/orders'))
    assert.equal(answer.status, 401)
    const metadata = /resource_metadata="([^"]+)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1]
    assert.equal(metadata, `${proxyOrigin}/.well-known/oauth-protected-resource/orders`)
    assert.equal(code(answer.body), 'token_missing')
  })

  test(`${name}: a public path is let through without any token`, async () => {
    const { status, headers } = await ask('GET', '/orders/openapi.json', bearer('sp_at_whatever'))
    assert.deepEqual([status, headers.authorization], [200, undefined])
    assert.equal((await spelled(await ask('POST', '/orders/openapi.json'))).status, 401)
  })

  test(`${name}: S40 a proof names the proxy’s public origin, and its second use is refused (RFC 9449 §4.3, §11.1)`, async () => {
    const key = generateSigningKey('ES256')
    const token = issuer.opaque({ aud: outside, cnf: { jkt: key.publicJwk.kid ?? '' } })
    const headers = dpop(key, token, 'POST', `${proxyOrigin}/orders`)
    assert.equal((await ask('POST', '/orders', headers)).status, 200)
    assert.equal(code((await spelled(await ask('POST', '/orders', headers))).body), 'proof_replayed')
    const elsewhere = dpop(key, token, 'POST', 'http://127.0.0.1/decide')
    assert.equal(code((await spelled(await ask('POST', '/orders', elsewhere))).body), 'invalid_dpop_proof')
    const otherMethod = dpop(key, token, 'GET', `${proxyOrigin}/orders`)
    assert.equal(code((await spelled(await ask('POST', '/orders', otherMethod))).body), 'invalid_dpop_proof')
    assert.equal(code((await spelled(await ask('POST', '/orders', bearer(token)))).body), 'unbound')
  })

  test(`${name}: paths that two programs may read differently get no permission (RFC 3986 §3.3)`, async () => {
    const headers = bearer(issuer.opaque({ aud: outside }))
    for (const target of [
      '/orders/../admin',
      '/orders/%2e%2e/admin',
      '/orders%2fadmin',
      '/orders//admin',
      '/orders/..;/admin',
      '/orders/%252e%252e/x',
      '/orders/%00',
      '/orders\\admin',
      '//evil.test/orders',
    ]) {
      const reply = await ask('GET', target, headers)
      assert.notEqual(reply.status, 200, target)
      assert.equal((await spelled(reply)).status, 400, target)
    }
    assert.equal((await spelled(await ask('GET', '/admin', headers))).status, 404)
  })

  test(`${name}: a preflight is answered to the page, and is no permission (Fetch §4.8)`, async () => {
    const preflight = [
      ['origin', page],
      ['access-control-request-method', 'POST'],
    ] as const
    const reply = await ask('OPTIONS', '/orders', preflight)
    assert.notEqual(reply.status, 200)
    const answer = await spelled(reply)
    assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [204, page])
  })

  test(`S73 ${name}: a revoked token is refused in under a second (RFC 7009 §2)`, async () => {
    const family = `f-${name}`
    const headers = bearer(issuer.opaque({ aud: outside, family }))
    assert.equal((await ask('GET', '/orders', headers)).status, 200)
    await issuer.revoke({ kind: 'family', id: family })
    const end = Date.now() + 1000
    let reply = await ask('GET', '/orders', headers)
    while (reply.status === 200 && Date.now() < end) reply = await ask('GET', '/orders', headers)
    assert.equal(code((await spelled(reply)).body), 'token_revoked')
  })
}

test('nginx: X-Original-URI of a caller beside that of nginx is refused, and X-Original-Method and -Address too', async () => {
  const token = bearer(issuer.opaque({ aud: outside }))
  for (const name of ['X-Original-URI', 'X-Original-Method', 'X-Original-Address', 'x-original-uri']) {
    const reply = await askAsNginx('GET', '/orders', [...token, [name, '/orders/openapi.json']])
    assert.equal(reply.status, 403)
    assert.equal(code((await spelled(reply)).body), 'question_malformed')
  }
})

test('nginx: an absolute address and another form of target are refused (RFC 9112 §3.2)', async () => {
  const token = bearer(issuer.opaque({ aud: outside }))
  for (const target of ['http://evil.test/orders', 'orders', '*', '']) {
    assert.equal((await askAsNginx('GET', target, token)).status, 403, target)
  }
})

test('nginx: a header that it cannot strip by name refuses the request (RFC 9700 §4.13)', async () => {
  const token = bearer(issuer.opaque({ aud: outside }))
  for (const name of ['X-Sallyport-Subject', 'X-Forwarded-Colour', 'X-Auth-Request-Anything']) {
    const reply = await askAsNginx('GET', '/orders', [...token, [name, 'user_bob']])
    assert.deepEqual([reply.status, code((await spelled(reply)).body)], [403, 'header_not_taken'])
  }
  assert.equal((await askAsNginx('GET', '/orders', [...token, ['X-Forwarded-For', '6.6.6.6']])).status, 200)
})

test('Envoy: what the caller named to be nginx is ignored, and taken away with all that services believe', async () => {
  const token = bearer(issuer.opaque({ aud: outside }))
  const { status, headers } = await askAsEnvoy('GET', '/orders', [
    ...token,
    ['X-Original-URI', '/orders/openapi.json'],
    ['X-Sallyport-Subject', 'user_bob'],
    ['X-Forwarded-Colour', 'red'],
    ['X-Forwarded-For', '6.6.6.6'],
    ['Cookie', 'a=b'],
    ['X-Custom', 'kept'],
  ])
  assert.equal(status, 200)
  assert.match(headers.authorization ?? '', /^Bearer ey/)
  const removed = headers['x-envoy-auth-headers-to-remove']?.split(',').toSorted()
  assert.deepEqual(removed, [
    'cookie',
    'x-forwarded-colour',
    'x-forwarded-for',
    'x-original-address',
    'x-original-uri',
    'x-sallyport-subject',
  ])
})

test('two Authorization headers are no credential (RFC 6750 §3.1)', async () => {
  const good = issuer.opaque({ aud: outside })
  for (const [, ask] of kinds) {
    const answer = await spelled(await ask('GET', '/orders', [...bearer('sp_at_other'), ...bearer(good)]))
    assert.equal(code(answer.body), 'credentials_repeated')
  }
})

test('a caller over its quota gets 429 with its headers, spelled out for nginx (RFC 6585 §4)', async () => {
  const limited = await start({}, { rateLimits: { perCaller: { requests: 1, seconds: 60 } } })
  const token = bearer(issuer.opaque({ aud: outside, sub: 'user_carol' }))
  assert.equal((await askAsNginx('GET', '/orders', token, limited.at)).status, 200)
  const answer = await spelled(await askAsNginx('GET', '/orders', token, limited.at), limited.at)
  assert.deepEqual([answer.status, code(answer.body), answer.headers['retry-after']], [429, 'rate_limited', '60'])
  await limited.gateway.close()
})

test('guesses are counted against the caller’s address, not the proxy’s (RFC 6585 §4)', async () => {
  const limited = await start({ proxy: 'envoy' }, { rateLimits: { perAddress: { requests: 1, seconds: 60 } } })
  const guess = (address: string) =>
    exchange(limited.at, '/decide/orders', [['x-original-address', address], ...bearer('sp_at_guess')])
  assert.equal((await guess('192.0.2.7')).status, 401)
  assert.equal((await guess('192.0.2.7')).status, 429)
  assert.equal((await guess('192.0.2.8')).status, 401)
  await limited.gateway.close()
})

test('whoever is not the configured proxy gets no verdict, whatever it says', async () => {
  const secret = 'a-secret-of-at-least-32-characters'
  const token = bearer(issuer.opaque({ aud: outside }))
  const elsewhere = await start({ from: { by: 'address', addresses: ['192.0.2.1'] } })
  const secretive = await start({ from: { by: 'secret', secret } })
  for (const { at } of [elsewhere, secretive]) {
    const reply = await askAsNginx('GET', '/orders', token, at)
    assert.deepEqual([reply.status, code(reply.body), reply.headers.authorization], [403, 'proxy_unknown', undefined])
    assert.equal((await exchange(at, '/answer', [['X-Sallyport-Answer', 'W10']])).status, 403)
  }
  const proven = [...token, ['X-Sallyport-Secret', secret]] as const
  assert.equal((await askAsNginx('GET', '/orders', proven, secretive.at)).status, 200)
  await elsewhere.gateway.close()
  await secretive.gateway.close()
})

test('health and metadata are there for the proxy to pass on, and nothing else is', async () => {
  assert.equal((await exchange(nginx.at, '/readyz')).status, 200)
  const { body } = await exchange(nginx.at, '/.well-known/oauth-protected-resource/orders')
  assert.equal(JSON.parse(body).resource, outside)
  assert.equal((await exchange(nginx.at, '/orders', bearer(issuer.opaque({ aud: outside })))).status, 404)
})
