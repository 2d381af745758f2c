import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { bearer, exchange } from '@sallyport/guard/testing/exchange'
import { code, gatewayHarness, inside, outside, raw } from './testing/gateway-harness.ts'

/** A service of bytes: what it gets on each connection, and what it writes back for each request. */
let answers: (socket: Socket, request: string, nth: number) => void = () => undefined
let requests: string[] = []
const service = createServer(socket => {
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    requests.push(chunk.toString('latin1'))
    answers(socket, chunk.toString('latin1'), requests.length)
  })
})
await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}/orders`
const harness = await gatewayHarness()
const route = { prefix: '/orders', upstream, resource: outside, audience: inside }
const [gateway, origin] = await harness.start({ routes: [route], limits: { stalledMs: 1_500 } })
const authorized = bearer(harness.issuer.opaque({ aud: outside }))

beforeEach(() => {
  requests = []
})
after(async () => {
  await gateway.close()
  await harness.close()
  service.close()
})

/** The whole of what comes back on a connection that is closed after one request. */
async function bytesOf(method = 'GET', rest = '\r\n'): Promise<string> {
  const [[name, value] = ['', '']] = authorized
  return raw(
    origin,
    `${method} /orders HTTP/1.1\r\nHost: gateway.test\r\n${name}: ${value}\r\nConnection: close\r\n${rest}`,
  )
}

const says = (text: string) => (socket: Socket) => void socket.write(text)

test('an answer to HEAD has the headers and no body, and the connection goes on (RFC 9110 §9.3.2)', async () => {
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: a/b\r\n\r\n')
  const text = await bytesOf('HEAD')
  assert.match(text, /^HTTP\/1\.1 200 .*\r\ncontent-length: 1000\r\n/s)
  assert.ok(text.endsWith('\r\n\r\n'))
})

test('204 and 304 have no body, and 204 no Content-Length (RFC 9110 §8.6, §15.3.5, §15.4.5)', async () => {
  answers = says('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n')
  assert.doesNotMatch(await bytesOf(), /content-length|transfer-encoding/i)
  answers = says('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n')
  const text = await bytesOf()
  assert.match(text, /^HTTP\/1\.1 304 .*\r\netag: "a"\r\n/s)
  assert.ok(text.endsWith('\r\n\r\n'))
  assert.doesNotMatch(text, /transfer-encoding/i)
})

test('a body that a service sends after 204 is no second answer (RFC 9112 §6.3)', async () => {
  answers = says('HTTP/1.1 204 No Content\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  assert.equal((await bytesOf()).match(/HTTP\/1\.1 \d{3}/g)?.length, 1)
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  assert.ok((await bytesOf()).endsWith('\r\n\r\nok'))
})

test('interim answers stay inside, the final one goes out (RFC 9110 §15.2)', async () => {
  answers = says('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const text = await bytesOf()
  assert.match(text, /^HTTP\/1\.1 200 /)
  assert.doesNotMatch(text, /103|<\/a>/)
})

test('a change of protocol that nobody asked for is no answer (RFC 9110 §15.2.2)', async () => {
  answers = says('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
  assert.match(await bytesOf(), /^HTTP\/1\.1 502 /)
})

test('an answer with several types is shown as the last of them, so it has the headers of a page (docs/decisions/0025)', async () => {
  const isPage = async (...types: string[]) => {
    answers = says(
      `HTTP/1.1 200 OK\r\n${types.map(type => `Content-Type: ${type}\r\n`).join('')}Content-Length: 2\r\n\r\n{}`,
    )
    return /\r\nx-frame-options: DENY\r\n/.test(await bytesOf())
  }
  assert.equal(await isPage('application/json'), false)
  assert.equal(await isPage('application/json', 'text/html'), true)
  assert.equal(await isPage('application/json;, text/html'), true)
})

test('trailers are dropped, those that would be headers too (RFC 9110 §6.5.1)', async () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n'
  answers = says(`${head}2\r\nok\r\n0\r\nX-Late: 1\r\nAuthorization: Bearer x\r\n\r\n`)
  const text = await bytesOf()
  assert.ok(text.endsWith('\r\n2\r\nok\r\n0\r\n\r\n'), text)
  assert.doesNotMatch(text, /x-late|authorization/i)
})

test('a small answer that breaks off is 502 and never half of it (RFC 9112 §8)', async () => {
  answers = socket => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
  const { status, body } = await exchange(origin, '/orders', authorized)
  assert.deepEqual([status, code(body)], [502, 'upstream_unavailable'])
  assert.doesNotMatch(body, /half/)
})

test('a small answer that stands still in its middle is 504 (RFC 9110 §15.6.5)', async () => {
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
  const { status, body } = await exchange(origin, '/orders', authorized)
  assert.deepEqual([status, code(body)], [504, 'upstream_timeout'])
})

for (const [what, head, part] of [
  ['a large answer', 'Content-Length: 100000', 'half'],
  ['an answer in chunks', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
] as const) {
  test(`${what} that breaks off never looks complete (RFC 9112 §8)`, async () => {
    answers = socket =>
      void socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`, () => setTimeout(() => socket.destroy(), 100))
    const text = await bytesOf()
    assert.match(text, /^HTTP\/1\.1 200 /)
    assert.match(text, /half/)
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/)
    const { port } = new URL(origin)
    await assert.rejects(
      fetch(`http://127.0.0.1:${port}/orders`, { headers: Object.fromEntries(authorized) }).then(answer =>
        answer.text(),
      ),
    )
  })
}

test('an answer whose length is said twice, or beside chunks, is none (RFC 9112 §6.3)', async () => {
  for (const head of [
    'Content-Length: 2\r\nContent-Length: 3',
    'Content-Length: 2, 3',
    'Content-Length: 2\r\nTransfer-Encoding: chunked',
    'Content-Length: -2',
  ]) {
    answers = says(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nokk`)
    assert.match(await bytesOf(), /^HTTP\/1\.1 502 /, head)
  }
})

test('what follows an answer on its connection is the answer to nothing', async () => {
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  assert.ok((await bytesOf()).endsWith('\r\n\r\nok'))
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood')
  assert.ok((await bytesOf()).endsWith('\r\n\r\ngood'))
})

test('a kept connection that closes under a request: GET goes again, once, POST does not (RFC 9110 §9.2.2)', async () => {
  answers = (socket, _request, nth) =>
    void (nth === 1 ? socket.destroy() : socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  assert.match(await bytesOf(), /^HTTP\/1\.1 200 /)
  assert.equal(requests.length, 2)
  requests = []
  assert.match(await bytesOf('POST', 'Content-Length: 1\r\n\r\na'), /^HTTP\/1\.1 502 /)
  assert.equal(requests.length, 1)
  requests = []
  answers = socket => void socket.destroy()
  assert.match(await bytesOf(), /^HTTP\/1\.1 502 /)
  assert.equal(requests.length, 2)
})

test('a body of a declared size goes inside once it is whole; a caller that breaks off before sends nothing', async () => {
  answers = says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const [[name, value] = ['', '']] = authorized
  const head = `POST /orders HTTP/1.1\r\nHost: gateway.test\r\n${name}: ${value}\r\nContent-Length: 4\r\n\r\n`
  const socket = connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write(`${head}ab`))
  await new Promise(resolve => setTimeout(resolve, 150))
  assert.equal(requests.length, 0)
  socket.destroy()
  await new Promise(resolve => setTimeout(resolve, 150))
  assert.equal(requests.length, 0)
  assert.match(await bytesOf('POST', 'Content-Length: 4\r\n\r\nabcd'), /^HTTP\/1\.1 200 /)
  assert.match(requests.join(''), /content-length: 4\r\n\r\nabcd$/)
})
