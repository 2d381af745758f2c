import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { generateSigningKey, parseCompactJws } from '@sallyport/credentials'
import { bearer, dpop, exchange } from '@sallyport/guard/testing/exchange'
import { type TestIssuer, testIssuer } from '@sallyport/guard/testing/issuer'
import { silentLog } from '@sallyport/server'
import type { GatewayOptions } from '../options.ts'
import { createGateway, type Gateway } from './gateway.ts'

const outside = 'http://gateway.test/orders'
const inside = 'http://orders.test'
const page = 'https://shop.test'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly body: string
}

let issuer: TestIssuer
let service: { readonly origin: string; close(): Promise<void> }
let gateway: Gateway
let origin: string
const seen: Seen[] = []
let answerWith: (response: ServerResponse, request: IncomingMessage) => void

before(async () => {
  issuer = await testIssuer()
  service = await startService()
  ;[gateway, origin] = await start({})
})
after(async () => {
  await gateway.close()
  await service.close()
  await issuer.close()
})
beforeEach(() => {
  seen.length = 0
  answerWith = response => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
})

async function startService(): Promise<typeof service> {
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/orders/unread')) return answerWith(response, request)
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { method = '', url = '', headers, rawHeaders: raw } = request
    seen.push({ method, url, headers, raw, body })
    return answerWith(response, request)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function start(options: Partial<GatewayOptions>): Promise<[Gateway, string]> {
  const made = createGateway({
    origin: 'http://gateway.test',
    hosts: ['127.0.0.1'],
    addresses: ['127.0.0.1'],
    port: 0,
    issuer: issuer.issuer,
    client: { clientId: 'gateway', key: issuer.clientKey },
    cors: { origins: [page] },
    log: silentLog,
    routes: [
      {
        prefix: '/orders',
        upstream: `${service.origin}/orders`,
        resource: outside,
        audience: inside,
        public: [{ method: 'GET', path: '/orders/openapi.json', upstreamPath: '/openapi.json' }],
      },
    ],
    ...options,
  })
  const { port } = await made.listen()
  return [made, `http://127.0.0.1:${port}`]
}

const get = (path: string, headers: readonly (readonly [string, string])[] = []) => exchange(origin, path, headers)
const code = (body: string): unknown => JSON.parse(body).code

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

test('S73 a revoked token is refused at the gateway in under a second, its kept exchange included (RFC 7009 §2)', async () => {
  const token = issuer.opaque({ aud: outside, family: 'f-revoked' })
  assert.equal((await get('/orders', bearer(token))).status, 200)
  await issuer.revoke({ kind: 'family', id: 'f-revoked' })
  const end = Date.now() + 1000
  let answer = await get('/orders', bearer(token))
  while (answer.status === 200 && Date.now() < end) answer = await get('/orders', bearer(token))
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
  const route = { prefix: '/orders', upstream: `${service.origin}/orders`, resource: outside, audience: inside }
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

test('what the service says its answer varies by is kept beside Origin (RFC 9110 §12.5.5)', async () => {
  answerWith = response => response.writeHead(200, { vary: 'Accept-Language' }).end('{}')
  const { headers } = await get('/orders', [...bearer(issuer.opaque({ aud: outside })), ['origin', page]])
  assert.equal(headers.vary, 'Accept-Language, Origin')
})

test('what a service would believe is the gateway’s to say: forwarding, certificate, cookie and override headers', async () => {
  const spoofed = [
    ['X-Forwarded-For', '6.6.6.6'],
    ['Forwarded', 'for=6.6.6.6'],
    ['X-Real-IP', '6.6.6.6'],
    ['X-Sallyport-Subject', 'user_bob'],
    ['Client-Cert', ':MIIB:'],
    ['X-Forwarded-Client-Cert', 'Hash=1'],
    ['Cookie', '__Host-sp-authority=stolen'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Original-URL', '/admin'],
    ['X_Forwarded_For', '6.6.6.6'],
    ['X-Request-Id', 'chosen-by-the-caller'],
    ['X-Custom', 'kept'],
  ] as const
  await get('/orders', [...bearer(issuer.opaque({ aud: outside })), ...spoofed])
  const { headers } = seen[0] ?? assert.fail('not forwarded')
  assert.doesNotMatch(JSON.stringify(headers), /6\.6\.6\.6|user_bob|MIIB|stolen|DELETE|admin|chosen/)
  assert.equal(headers['x-custom'], 'kept')
  assert.equal(headers.forwarded, 'for=127.0.0.1;proto=http;host="gateway.test"')
  assert.match(String(headers['x-request-id']), /^[0-9a-f]{24}$/)
})

test('cookies and technology of the service stay inside', async () => {
  answerWith = response =>
    response
      .writeHead(201, { 'set-cookie': 'a=b', server: 'orders/1', 'x-powered-by': 'x', location: '/orders/9' })
      .end('{}')
  const answer = await exchange(origin, '/orders', bearer(issuer.opaque({ aud: outside })), {
    method: 'POST',
    body: '{"a":1}',
  })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.equal(answer.headers.server, undefined)
  assert.equal(answer.headers['x-powered-by'], undefined)
  assert.equal(answer.headers.location, '/orders/9')
  assert.equal(seen[0]?.body, '{"a":1}')
})

for (const path of [
  '/orders/../admin',
  '/orders/%2e%2e/admin',
  '/orders%2fadmin',
  '/orders/%252e%252e/x',
  '/orders//x',
  '/orders/%00',
  '/orders/..;/x',
]) {
  test(`${path} is 400 and reaches no service (RFC 3986 §3.3)`, async () => {
    const { status } = await get(path, bearer(issuer.opaque({ aud: outside })))
    assert.equal(status, 400)
    assert.equal(seen.length, 0)
  })
}

test('only the configured paths are open, by method', async () => {
  assert.equal((await get('/orders/openapi.json')).status, 200)
  assert.equal(seen[0]?.url, '/openapi.json')
  assert.equal(seen[0]?.headers.authorization, undefined)
  assert.equal((await exchange(origin, '/orders/openapi.json', [], { method: 'POST' })).status, 401)
  assert.equal((await get('/admin')).status, 404)
  assert.equal((await get('/ordersx')).status, 404)
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

test('guessing tokens from one address is limited, and then not even judged (RFC 6585 §4)', async () => {
  const [limited, at] = await start({ rateLimits: { perAddress: { requests: 3, seconds: 60 } } })
  const statuses: number[] = []
  for (let guess = 0; guess < 5; guess += 1) {
    statuses.push((await exchange(at, '/orders', bearer(`sp_at_guess${guess}`))).status)
  }
  assert.deepEqual(statuses, [401, 401, 401, 429, 429])
  await limited.close()
})

test('scopes are asked at the gateway only where configured, and then all are named (RFC 6750 §3.1)', async () => {
  const [strict, at] = await start({
    routes: [
      {
        prefix: '/orders',
        upstream: `${service.origin}/orders`,
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

test('a body over the limit is 413, declared or not, and an endless one is not taken', async () => {
  const [small, at] = await start({ limits: { bodyBytes: 1000 } })
  const token = issuer.opaque({ aud: outside })
  const declared = await exchange(at, '/orders', bearer(token), { method: 'POST', body: 'x'.repeat(1001) })
  assert.deepEqual([declared.status, code(declared.body)], [413, 'body_too_large'])
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
  const head = `POST /orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`
  const answer = await raw(at, head + chunk + chunk + chunk)
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.equal((await exchange(at, '/orders', bearer(token), { method: 'POST', body: 'x'.repeat(1000) })).status, 200)
  await small.close()
})

test('a service that is not there is 502, one that is too slow 504, and neither tells its address (RFC 9110 §15.6)', async () => {
  const route = { prefix: '/orders', resource: outside, audience: inside }
  const [absent, atAbsent] = await start({ routes: [{ ...route, upstream: 'http://127.0.0.1:1' }] })
  const gone = await exchange(atAbsent, '/orders', bearer(issuer.opaque({ aud: outside })))
  assert.deepEqual([gone.status, code(gone.body)], [502, 'upstream_unavailable'])
  assert.doesNotMatch(gone.body, /127\.0\.0\.1/)
  await absent.close()
  const [slow, atSlow] = await start({ limits: { answerMs: 300 } })
  answerWith = () => undefined
  const late = await exchange(atSlow, '/orders', bearer(issuer.opaque({ aud: outside })))
  assert.deepEqual([late.status, code(late.body)], [504, 'upstream_timeout'])
  await slow.close()
})

test('answers stream: the first bytes arrive before the last are written, and a slow reader slows the service', async () => {
  let wrote = 0
  answerWith = response => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    const chunk = Buffer.alloc(65_536)
    const pump = () => {
      while (wrote < 256 && !response.destroyed) {
        wrote += 1
        if (!response.write(chunk)) return response.once('drain', pump)
      }
      return response.end()
    }
    pump()
  }
  const { port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  const token = issuer.opaque({ aud: outside })
  socket.write(
    `GET /orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  const first = await new Promise<Buffer>(resolve => socket.once('data', resolve))
  socket.pause()
  assert.match(first.toString('latin1'), /^HTTP\/1\.1 200 /)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.ok(wrote < 256, `the service wrote all ${wrote} chunks to nobody`)
  let size = first.length
  socket.on('data', chunk => {
    size += chunk.length
  })
  socket.resume()
  await new Promise(resolve => socket.once('close', resolve))
  assert.ok(size > 256 * 65_536)
})

test('a caller that goes away ends the request inside', async () => {
  const ended = new Promise<void>(resolve => {
    answerWith = (response, request) => {
      request.socket.once('close', () => resolve())
      response.writeHead(200).write('first')
    }
  })
  const { port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  const token = issuer.opaque({ aud: outside })
  socket.write(`GET /orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  await new Promise(resolve => socket.once('data', resolve))
  socket.destroy()
  await ended
})

const smuggling: readonly (readonly [string, string])[] = [
  ['CL and TE', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['TE and CL', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  ['a list of lengths', 'Content-Length: 4, 5\r\n\r\nabcde'],
  ['a signed length', 'Content-Length: +4\r\n\r\nabcd'],
  ['a hidden TE', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
  ['a folded TE', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
  ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['chunked not last', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a bare CR', 'X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bare LF', 'X-A: b\nContent-Length: 0\r\n\r\n'],
  ['a NUL', 'X-A: b\0c\r\nContent-Length: 0\r\n\r\n'],
  ['a bad chunk size', 'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n'],
]

for (const [what, rest] of smuggling) {
  test(`a request with ${what} is refused, and nothing after it is read as a request (RFC 9112 §6.1, §6.3, §11.2)`, async () => {
    const token = issuer.opaque({ aud: outside })
    const smuggled = 'GET /orders/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n'
    const head = `POST /orders/outer HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\n`
    const answer = await raw(origin, head + rest + smuggled)
    assert.match(answer, /^HTTP\/1\.1 (400|501) /)
    assert.equal(answer.match(/HTTP\/1\.1 \d{3} /g)?.length, 1)
    assert.ok(!seen.some(({ url, body }) => url.includes('smuggled') || body.includes('smuggled')))
  })
}

test('a body with GET is refused, so that no two parsers differ about where it ends (RFC 9110 §9.3.1)', async () => {
  const token = issuer.opaque({ aud: outside })
  const head = `GET /orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${token}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd`
  assert.match(await raw(origin, head), /^HTTP\/1\.1 400 /)
  assert.equal(seen.length, 0)
})

test('a Host that is not ours is 421 (RFC 9110 §15.5.20)', async () => {
  assert.match(
    await raw(origin, 'GET /orders HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 421 /,
  )
})

test('health, readiness and metrics are answered, without identifiers', async () => {
  await get('/orders', bearer(issuer.opaque({ aud: outside })))
  assert.equal((await get('/livez')).status, 200)
  assert.equal((await get('/readyz')).status, 200)
  const { body } = await get('/metrics')
  assert.match(body, /sallyport_decisions_total\{door="1",outcome="allow"\} [1-9]/)
  assert.match(body, /http_server_request_duration_seconds_bucket/)
  assert.doesNotMatch(body, /alice|shop/)
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

test('closing lets an open request finish', async () => {
  const [closing, at] = await start({})
  answerWith = response => setTimeout(() => response.writeHead(200).end('late'), 200)
  const open = exchange(at, '/orders', bearer(issuer.opaque({ aud: outside })))
  while (seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await closing.close()
  assert.deepEqual([(await open).status, (await open).body], [200, 'late'])
})

/** Sends bytes as they are and reads until the gateway closes or is silent. */
function raw(at: string, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(Number(new URL(at).port), '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
  socket.setTimeout(1500, () => socket.destroy())
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => resolve(received))
  return promise
}
