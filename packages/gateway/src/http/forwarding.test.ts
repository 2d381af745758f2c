import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { bearer, exchange } from '@sallyport/guard/testing/exchange'
import { code, gatewayHarness, inside, outside, page, raw } from './testing/gateway-harness.ts'

const harness = await gatewayHarness()
const { issuer, origin, seen, start, get } = harness
after(() => harness.close())
beforeEach(() => harness.reset())

test('what the service says its answer varies by is kept beside Origin (RFC 9110 §12.5.5)', async () => {
  harness.answerWith = response => response.writeHead(200, { vary: 'Accept-Language' }).end('{}')
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
  harness.answerWith = response =>
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

test('only the configured paths are open, by method', async () => {
  assert.equal((await get('/orders/openapi.json')).status, 200)
  assert.equal(seen[0]?.url, '/openapi.json')
  assert.equal(seen[0]?.headers.authorization, undefined)
  assert.equal((await exchange(origin, '/orders/openapi.json', [], { method: 'POST' })).status, 401)
  assert.equal((await get('/admin')).status, 404)
  assert.equal((await get('/ordersx')).status, 404)
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
  harness.answerWith = () => undefined
  const late = await exchange(atSlow, '/orders', bearer(issuer.opaque({ aud: outside })))
  assert.deepEqual([late.status, code(late.body)], [504, 'upstream_timeout'])
  await slow.close()
})

test('answers stream: the first bytes arrive before the last are written, and a slow reader slows the service', async () => {
  let wrote = 0
  harness.answerWith = response => {
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
    harness.answerWith = (response, request) => {
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

test('health, readiness and metrics are answered, without identifiers', async () => {
  await get('/orders', bearer(issuer.opaque({ aud: outside })))
  assert.equal((await get('/livez')).status, 200)
  assert.equal((await get('/readyz')).status, 200)
  assert.equal((await get('/metrics', [['x-forwarded-for', '192.0.2.7']])).status, 404, 'by a proxy on this machine')
  const { body } = await get('/metrics')
  assert.match(body, /sallyport_decisions_total\{door="1",outcome="allow"\} [1-9]/)
  assert.match(body, /http_server_request_duration_seconds_bucket/)
  assert.doesNotMatch(body, /alice|shop/)
})

test('closing lets an open request finish', async () => {
  const [closing, at] = await start({})
  harness.answerWith = response => setTimeout(() => response.writeHead(200).end('late'), 200)
  const open = exchange(at, '/orders', bearer(issuer.opaque({ aud: outside })))
  while (seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await closing.close()
  assert.deepEqual([(await open).status, (await open).body], [200, 'late'])
})
