/**
 * The committed configurations of nginx and Envoy (deploy/), started as they are before a real service, asking a real
 * decision service; and what an attacker tries on that way.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { generateSigningKey } from '../../packages/credentials/src/index.ts'
import { code, gatewayHarness, inside, outside, page } from '../../packages/gateway/src/http/testing/gateway-harness.ts'
import { bearer, dpop, exchange } from '../../packages/guard/src/http/testing/exchange.ts'
import { rawRequest, statusesOf } from '../raw-request.ts'
import { startEnvoy, startNginx } from './decision-proxy.ts'

const secret = 'a-secret-of-this-test-32-characters'
const publicOrigin = 'http://localhost:8080'
const harness = await gatewayHarness()
const { issuer, upstream, seen } = harness
const openapi = { method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' } as const
const route = { prefix: '/orders', upstream, resource: outside, audience: inside, public: [openapi] }

async function before(proxy: 'nginx' | 'envoy') {
  const [gateway, , decisions] = await harness.start({
    routes: [route],
    rateLimits: { perCaller: { requests: 40, seconds: 3600 } },
    decisions: { proxy, from: { by: 'secret', secret }, origin: publicOrigin, port: 0 },
  })
  const places = {
    servicePort: Number(new URL(upstream).port),
    decisionPort: Number(new URL(decisions).port),
    secret,
  }
  const started = await (proxy === 'nginx' ? startNginx(places) : startEnvoy(places))
  return {
    name: proxy,
    gateway,
    started,
    origin: `http://localhost:${started.port}`,
    host: `localhost:${started.port}`,
  }
}

const proxies = [await before('nginx'), await before('envoy')]
after(async () => {
  for (const { started, gateway } of proxies) {
    await started.stop()
    await gateway.close()
  }
  await harness.close()
})

let person = 0
/** A token of a caller of its own, so that no test spends another's quota. */
const token = (claims: Parameters<typeof issuer.opaque>[0] = {}) => {
  person += 1
  return issuer.opaque({ aud: outside, sub: `user_${person}`, ...claims })
}

for (const { name, origin, host } of proxies) {
  const get = (path: string, headers: readonly (readonly [string, string])[] = [], method = 'GET') => {
    harness.reset()
    return exchange(origin, path, headers, { method })
  }

  test(`S67 ${name} passes a request on with the phantom token, and the outside token stays outside`, async () => {
    const held = token()
    const { status, headers, body } = await get('/orders/alice-1?page=2', bearer(held))
    assert.deepEqual([status, body], [200, '{"ok":true}'])
    assert.equal(seen.length, 1)
    assert.equal(seen[0]?.url, '/orders/alice-1?page=2')
    assert.match(seen[0]?.headers.authorization ?? '', /^Bearer ey/)
    assert.ok(!JSON.stringify(seen).includes(held))
    // Envoy names a caller on its own machine by that machine's address.
    assert.match(seen[0]?.headers.forwarded ?? '', /^for=[\d.]+;proto=http;host="localhost:8080"$/)
    assert.equal(headers['x-request-id'] ?? seen[0]?.headers['x-request-id'], seen[0]?.headers['x-request-id'])
    assert.match(headers.ratelimit ?? '', /^"caller";r=39/)
  })

  test(`${name}: a body goes with its request, and the secret between proxy and decision goes nowhere`, async () => {
    harness.reset()
    const body = '{"item":"Rope"}'
    const sent = await exchange(origin, '/orders', bearer(token()), { method: 'POST', body })
    assert.equal(sent.status, 200)
    assert.deepEqual([seen[0]?.method, seen[0]?.body], ['POST', body])
    assert.ok(!JSON.stringify(seen).includes(secret))
    assert.ok(!JSON.stringify(sent).includes(secret))
  })

  test(`S63 ${name}: without a token 401 says once what would do, and the metadata it names is there (RFC 9728 §5.1)`, async () => {
    const { status, headers, body } = await get('/orders')
    assert.deepEqual([status, code(body), seen.length], [401, 'token_missing', 0])
    const challenge = headers['www-authenticate'] ?? ''
    assert.equal(challenge.match(/Bearer /g)?.length, 1, challenge)
    assert.ok(challenge.includes(`resource_metadata="${publicOrigin}/.well-known/oauth-protected-resource/orders"`))
    const metadata = await get('/.well-known/oauth-protected-resource/orders')
    assert.equal(JSON.parse(metadata.body).resource, outside)
  })

  test(`${name}: on a public path no Authorization goes inside at all`, async () => {
    const { status } = await get('/orders/openapi.json', bearer('sp_at_stolen'))
    assert.equal(status, 200)
    assert.equal(seen[0]?.headers.authorization, undefined)
  })

  test(`${name}: what a service believes of its proxy is taken away, spoofed identities too (RFC 9700 §4.13)`, async () => {
    const { status } = await get('/orders', [
      ...bearer(token()),
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-User', 'user_bob'],
      ['X-Forwarded-Client-Cert', 'Hash=1'],
      ['X-Real-IP', '6.6.6.6'],
      ['Forwarded', 'for=6.6.6.6'],
      ['X-Original-URI', '/orders/openapi.json'],
      ['X-Original-Method', 'OPTIONS'],
      ['X-Original-Address', '6.6.6.6'],
      ['X-Auth-Request-User', 'user_bob'],
      ['X-HTTP-Method-Override', 'DELETE'],
      ['Client-Cert', ':MIIB:'],
      ['Cookie', '__Host-sp-authority=stolen'],
      ['DPoP', 'x'],
      ['X-Request-Id', 'chosen-by-the-caller'],
      ['X-Sallyport-Secret', 'guess'],
      ['X-Sallyport-Answer', 'W10'],
      ['X-Custom', 'kept'],
    ])
    assert.equal(status, 200)
    const { headers } = seen[0] ?? assert.fail('not passed on')
    assert.doesNotMatch(JSON.stringify(headers), /6\.6\.6\.6|user_bob|MIIB|Hash|stolen|DELETE|chosen|guess|W10|openapi/)
    assert.equal(headers['x-custom'], 'kept')
    assert.equal(headers.dpop, undefined)
    assert.equal(headers.forwarded, 'for=127.0.0.1;proto=http;host="localhost:8080"', 'who asked, and not the proxy')
  })

  test(`${name}: a family member nobody knows never reaches the service (RFC 9700 §4.13)`, async () => {
    for (const header of ['X-Sallyport-Subject', 'X-Forwarded-Colour', 'X_Real_IP']) {
      await get('/orders', [...bearer(token()), [header, 'user_bob']])
      assert.ok(!JSON.stringify(seen).includes('user_bob'), header)
    }
  })

  test(`${name}: X-Original-URI of a caller, once or twice, changes no verdict`, async () => {
    for (const times of [1, 2]) {
      const spoofed = Array.from({ length: times }, () => ['X-Original-URI', '/orders/openapi.json'] as const)
      const { status } = await get('/orders', spoofed)
      assert.deepEqual([status, seen.length], [401, 0])
    }
  })

  test(`${name}: dot segments, encoded slashes and absolute addresses reach no other path (RFC 3986 §5.2.4)`, async () => {
    const held = token()
    for (const target of [
      '/orders/../admin',
      '/orders/%2e%2e/admin',
      '/orders/.%2E/admin',
      '/orders/..%2fadmin',
      '/orders%2f..%2fadmin',
      '/orders/..%5cadmin',
      '/orders/..;/admin',
      '/orders//admin',
      '//orders',
      '/orders/%252e%252e/admin',
      '/orders/%00',
      '/x/../orders',
      '/ordersx',
      'http://evil.test/orders/../admin',
    ]) {
      harness.reset()
      const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${held}\r\nConnection: close\r\n\r\n`
      const statuses = statusesOf(await rawRequest(origin, head))
      assert.ok(
        statuses.every(status => [400, 403, 404, 421].includes(status)),
        `${target}: ${statuses}`,
      )
      assert.equal(seen.length, 0, target)
    }
  })

  test(`${name}: two Authorization headers are no credential (RFC 6750 §3.1)`, async () => {
    const { status } = await get('/orders', [...bearer('sp_at_other'), ...bearer(token())])
    assert.ok(status === 400 || status === 401, String(status))
    assert.equal(seen.length, 0)
  })

  test(`S40 ${name}: a proof names the public origin, and its second use is refused (RFC 9449 §4.3, §11.1)`, async () => {
    const key = generateSigningKey('ES256')
    const bound = token({ cnf: { jkt: key.publicJwk.kid ?? '' } })
    const proof = dpop(key, bound, 'GET', `${publicOrigin}/orders`)
    assert.equal((await get('/orders', proof)).status, 200)
    const again = await get('/orders', proof)
    assert.deepEqual([again.status, code(again.body), seen.length], [401, 'proof_replayed', 0])
    assert.match(again.headers['www-authenticate'] ?? '', /^DPoP .*error="invalid_dpop_proof"/)
    const inPlain = await get('/orders', bearer(bound))
    assert.deepEqual([inPlain.status, code(inPlain.body)], [401, 'unbound'])
  })

  test(`S73 ${name}: a revoked token is refused in under a second (RFC 7009 §2)`, async () => {
    const family = `f-${name}`
    const held = bearer(token({ family }))
    assert.equal((await get('/orders', held)).status, 200)
    await issuer.revoke({ kind: 'family', id: family })
    const end = Date.now() + 1000
    let answer = await get('/orders', held)
    while (answer.status === 200 && Date.now() < end) answer = await get('/orders', held)
    assert.deepEqual([answer.status, code(answer.body)], [401, 'token_revoked'])
  })

  test(`${name}: 404, 429 and a preflight arrive as such, with body and headers (RFC 6585 §4, Fetch §4.8)`, async () => {
    const held = bearer(token())
    let answer = await get('/orders', held)
    for (let time = 1; time < 41; time += 1) answer = await get('/orders', [...held, ['origin', page]])
    assert.deepEqual([answer.status, code(answer.body)], [429, 'rate_limited'])
    assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
    assert.equal(answer.headers['access-control-allow-origin'], page)
    const preflight = await get(
      '/orders',
      [
        ['origin', page],
        ['access-control-request-method', 'POST'],
      ],
      'OPTIONS',
    )
    assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin'], seen.length], [204, page, 0])
    assert.match(preflight.headers['access-control-allow-headers'] ?? '', /DPoP/)
  })

  test(`${name}: more headers than the decision service takes are the caller’s fault and not the proxy’s (RFC 6585 §5)`, async () => {
    const many = Array.from({ length: 100 }, (_, at) => [`X-Many-${at}`, 'x'] as const)
    assert.equal((await get('/orders', [...bearer(token()), ...many])).status, 431)
    assert.equal(seen.length, 0)
  })

  test(`${name}: what is for the proxy alone is not there for callers`, async () => {
    for (const path of ['/decide', '/answer', '/sallyport-decide', '/sallyport-answer', '/metrics']) {
      assert.notEqual((await get(path, bearer(token()))).status, 200, path)
      assert.equal(seen.length, 0)
    }
  })

  test(`${name}: a service’s cookies stay inside, and its own 401 goes out as it is`, async () => {
    harness.reset()
    harness.answerWith = response =>
      response.writeHead(401, { 'set-cookie': 'a=b', 'www-authenticate': 'Inner' }).end('own')
    const { status, headers, body } = await exchange(origin, '/orders', bearer(token()))
    assert.deepEqual(
      [status, body, headers['set-cookie'], headers['www-authenticate']],
      [401, 'own', undefined, 'Inner'],
    )
  })
}

test('a decision service that is gone lets nothing through', async () => {
  for (const { gateway, origin, name } of proxies) {
    harness.reset()
    await gateway.close()
    const { status } = await exchange(origin, '/orders', bearer(token()))
    assert.equal(status, 503, name)
    assert.equal(seen.length, 0)
  }
})
