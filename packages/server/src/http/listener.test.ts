import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Log, LogFields } from '../log.ts'
import { headerOf, rawExchange, rawGet, statusOf } from '../testing/raw-exchange.ts'
import { createListener, type Listener } from './listener.ts'
import { PortTakenError } from './port-taken.ts'

const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = []
const write = (event: string, fields?: LogFields): void => void lines.push({ event, fields })
const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }

let listener: Listener
let port: number

before(async () => {
  listener = createListener({
    name: 'test',
    origin: 'https://auth.example',
    port: 0,
    hosts: ['localhost', '127.0.0.1', '[::1]'],
    log,
    limits: { bodyBytes: 1000, headersMs: 300, requestMs: 600, checkMs: 50, headerCount: 20, closeMs: 1000 },
    errorPage: failure => ({
      html: `<h1>${failure.status}</h1>${failure.requestId}`,
      contentSecurityPolicy: "default-src 'self'",
    }),
  })
  listener.app.get('/hello', async () => 'hello')
  listener.app.post('/echo', async request => ({
    bytes: request.body instanceof Buffer ? request.body.length : 'none',
  }))
  listener.app.get('/boom', async () => Promise.reject(new Error('the inside story')))
  listener.app.get('/items/:id', async () => 'item')
  listener.app.get('/target', async request => request.raw.url)
  port = (await listener.listen()).port
})

after(() => listener.close())

const exchange = (bytes: string, options?: Parameters<typeof rawExchange>[2]): Promise<string> =>
  rawExchange(port, bytes, options)

test('one app answers on both loopback addresses, on one port', async () => {
  for (const address of ['127.0.0.1', '::1']) {
    const answer = await exchange(rawGet('/hello'), { address })
    assert.equal(statusOf(answer), 200, address)
    assert.ok(answer.endsWith('hello'))
  }
})

test('a Host it does not know gets 421, so that a rebound name reads nothing (RFC 9110 §15.5.20)', async () => {
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', 'auth.example.evil']) {
    const answer = await exchange(rawGet('/hello').replace('localhost', host))
    assert.equal(statusOf(answer), 421, host)
    assert.ok(!answer.includes('hello'))
  }
  assert.equal(statusOf(await exchange(rawGet('/hello').replace('localhost', 'AUTH.example:443'))), 200)
})

test('no Host, two Hosts, a malformed Host and a line without a version get 400 (RFC 9112 §3, §3.2)', async () => {
  const cases = [
    'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n',
    rawGet('/hello', 'Host: localhost'),
    rawGet('/hello').replace('localhost', 'localhost, evil'),
    rawGet('/hello').replace('localhost', 'user@localhost'),
    rawGet('/hello').replace(' HTTP/1.1', ''),
  ]
  for (const bytes of cases) assert.equal(statusOf(await exchange(bytes)), 400, bytes)
})

test('a target in absolute form is judged by its own host and read as a path (RFC 9112 §3.2.2)', async () => {
  assert.equal(statusOf(await exchange(rawGet('http://evil.example/hello'))), 421)
  const answer = await exchange(rawGet('http://localhost/target?a=1'))
  assert.ok(answer.endsWith('/target?a=1'), answer)
})

const smuggled: Readonly<Record<string, string>> = {
  'Content-Length with Transfer-Encoding (§6.1)': 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding before Content-Length (§6.1)': 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
  'two equal Content-Lengths (§6.3)': 'Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
  'two different Content-Lengths (§6.3)': 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  'a list as Content-Length (§6.3)': 'Content-Length: 3, 3\r\n\r\nabc',
  'a signed Content-Length (§6.3)': 'Content-Length: +3\r\n\r\nabc',
  'a hexadecimal Content-Length (§6.3)': 'Content-Length: 0x3\r\n\r\nabc',
  'an unknown transfer coding (§6.1)': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'chunked that is not last (§6.3)': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'a folded header line (§5.2)': 'X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  'white space before the colon (§5.1)': 'Content-Length : 3\r\n\r\nabc',
  'white space before the first header (§2.2)': ' X-A: b\r\nContent-Length: 0\r\n\r\n',
  'a bare line feed in a header (§2.2)': 'X-A: b\nContent-Length: 0\r\n\r\n',
  'a NUL in a header (RFC 9110 §5.5)': 'X-A: a\0b\r\nContent-Length: 0\r\n\r\n',
  'a chunk size that is no number (§7.1)': 'Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n',
}

for (const [name, rest] of Object.entries(smuggled)) {
  test(`${name} gets 400 and the connection is closed (RFC 9112)`, async () => {
    const next = rawGet('/hello')
    const answer = await exchange(`POST /echo HTTP/1.1\r\nHost: localhost\r\n${rest}${next}`)
    assert.equal(statusOf(answer), 400, answer)
    assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, 'what follows is not read as a second request')
  })
}

test('bytes that are not HTTP get 400 and not a hang', async () => {
  for (const bytes of [
    '\x16\x03\x01\x00\xa5\x01\x00',
    'hello\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET /hello HTTP/1.1\nHost: localhost\n\n',
  ]) {
    const answer = await exchange(bytes)
    assert.equal(statusOf(answer), 400, JSON.stringify(bytes))
    assert.equal(headerOf(answer, 'Connection'), 'close')
  }
})

test('headers that do not end are cut off after headersMs (slowloris)', async () => {
  const begun = performance.now()
  const answer = await exchange('GET /hello HTTP/1.1\r\nHost: localhost\r\nX-A: ')
  assert.equal(statusOf(answer), 408)
  const took = performance.now() - begun
  assert.ok(took >= 250, `${took} ms`)
})

test('a body that does not end is cut off after requestMs', async () => {
  const answer = await exchange('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc')
  assert.equal(statusOf(answer), 408)
})

test('headers over the size or the count get 431 (RFC 6585 §5)', async () => {
  assert.equal(statusOf(await exchange(rawGet('/hello', `X-A: ${'a'.repeat(20_000)}`))), 431)
  assert.equal(statusOf(await exchange(rawGet('/hello', ...Array.from({ length: 19 }, () => 'X-A: b')))), 431)
  assert.equal(statusOf(await exchange(rawGet('/hello', ...Array.from({ length: 18 }, () => 'X-A: b')))), 200)
})

test('a body over the limit gets 413, whether its length is told or found out (RFC 9110 §15.5.14)', async () => {
  const told = `POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1001\r\n\r\n${'a'.repeat(1001)}`
  assert.equal(statusOf(await exchange(told)), 413)
  const chunk = `1f4\r\n${'a'.repeat(500)}\r\n`
  const chunked = `POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`
  assert.equal(statusOf(await exchange(chunked)), 413)
})

test('a body arrives as bytes whatever its type, and whether it has one', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined]) {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const answer = await listener.app.inject({ method: 'POST', url: '/echo', headers, payload: Buffer.from('{"a"') })
    assert.deepEqual(answer.json(), { bytes: 4 }, String(type))
  }
})

test('a request that tells its type and announces no body is read as an empty one at once (RFC 9112 §6.3)', async () => {
  const answer = await exchange(
    'POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n',
  )
  assert.equal(statusOf(answer), 200)
  assert.ok(answer.endsWith('{"bytes":0}'), answer)
})

test('every answer carries the security headers, a request id and no-store, also failures', async () => {
  for (const [path, status] of [
    ['/hello', 200],
    ['/none', 404],
    ['/%zz', 400],
    ['/boom', 500],
  ] as const) {
    const answer = await exchange(rawGet(path))
    assert.equal(statusOf(answer), status)
    assert.equal(headerOf(answer, 'cache-control'), 'no-store', path)
    assert.equal(headerOf(answer, 'content-security-policy'), "default-src 'none'; frame-ancestors 'none'", path)
    assert.equal(headerOf(answer, 'x-frame-options'), 'DENY', path)
    assert.equal(headerOf(answer, 'x-content-type-options'), 'nosniff', path)
    assert.equal(headerOf(answer, 'referrer-policy'), 'same-origin', path)
    assert.match(headerOf(answer, 'strict-transport-security') ?? '', /^max-age=\d{8}$/, path)
    if (path !== '/%zz') assert.match(headerOf(answer, 'x-request-id') ?? '', /^[0-9a-f]{24}$/, path)
  }
})

test('a method that an address does not take gets 405 with those it takes, an unknown address 404 (RFC 9110 §15.5.6)', async () => {
  const answer = await listener.app.inject({ method: 'DELETE', url: '/echo?a=1' })
  assert.deepEqual([answer.statusCode, answer.headers.allow], [405, 'POST'])
  assert.equal((await listener.app.inject({ method: 'POST', url: '/hello' })).headers.allow, 'GET, HEAD')
  assert.equal((await listener.app.inject({ method: 'PUT', url: '/items/7' })).headers.allow, 'GET, HEAD')
  assert.equal((await listener.app.inject({ method: 'PUT', url: '/items' })).statusCode, 404)
})

test('no bytes at all get a 5xx, a stack or a hang', { timeout: 60_000 }, async () => {
  const piece = fc.constantFrom(
    'GET ',
    'POST ',
    '/hello',
    '/echo',
    ' HTTP/1.1',
    '\r\n',
    '\n',
    '\r',
    'Host: localhost',
    'Host: x',
    'Content-Length: 3',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'abc',
    '0\r\n\r\n',
    ':',
    ' ',
    '\0',
    '%',
    '?',
    'http://',
    '\u00ff',
  )
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map(parts => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 100 }),
  )
  const seemingly = bytes.map(each => `GET /hello HTTP/1.1\r\nHost: localhost\r\n${each}\r\n\r\n`)
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, seemingly), async text => {
      const answer = await exchange(text, { halfClose: true })
      assert.ok(answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer), answer)
      assert.ok(!/\.ts:|node:internal/.test(answer), answer)
    }),
    { numRuns: 2000 },
  )
})

test('a failure is JSON to a program and the error page to a browser, never a stack', async () => {
  const json = await listener.app.inject({ url: '/boom', headers: { accept: '*/*' } })
  assert.equal(json.statusCode, 500)
  assert.equal(json.json().error, 'server_error')
  assert.equal(json.json().request_id, json.headers['x-request-id'])
  const page = await listener.app.inject({ url: '/boom', headers: { accept: 'text/html,*/*;q=0.8' } })
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(page.headers['content-security-policy'], "default-src 'self'")
  for (const answer of [json, page]) assert.ok(!/inside story|\.ts:/.test(answer.body))
  assert.ok(lines.some(line => line.event === 'request_failed' && String(line.fields?.stack).includes('inside story')))
})

test('a request id from outside is not believed', async () => {
  const answer = await listener.app.inject({ url: '/hello', headers: { 'x-request-id': 'forged-forged' } })
  assert.notEqual(answer.headers['x-request-id'], 'forged-forged')
})

test('the log names the route, never the address with its query', async () => {
  lines.length = 0
  await listener.app.inject({ url: '/hello?code=secret' })
  const line = lines.find(each => each.event === 'request')
  assert.equal(line?.fields?.route, '/hello')
  assert.ok(!JSON.stringify(lines).includes('secret'))
})

test('a taken port is one clear error with port, process and flag', async () => {
  const second = createListener({ name: 'second', origin: 'http://localhost', port, portFlag: '--authority-port' })
  await assert.rejects(second.listen(), error => {
    assert.ok(error instanceof PortTakenError)
    assert.equal(error.port, port)
    assert.equal(error.flag, '--authority-port')
    assert.equal(error.pid, process.platform === 'linux' ? process.pid : undefined)
    assert.match(
      error.message,
      /^port \d+ on 127\.0\.0\.1 is taken by .*; stop it or choose another port with --authority-port$/,
    )
    return true
  })
  await second.close()
})

test('a port that is taken on one address only leaves the other closed as well', async () => {
  const first = createListener({ name: 'six', origin: 'http://localhost', port: 0, addresses: ['::1'] })
  const taken = (await first.listen()).port
  const second = createListener({ name: 'both', origin: 'http://localhost', port: taken })
  await assert.rejects(second.listen(), PortTakenError)
  await assert.rejects(fetch(`http://127.0.0.1:${taken}/`), TypeError)
  await Promise.all([first.close(), second.close()])
})

test('a close lets an open request finish, ends an idle connection at once and takes no new one', async () => {
  const closing = createListener({ name: 'closing', origin: 'http://localhost', port: 0, limits: { closeMs: 60_000 } })
  let finish: () => void = () => assert.fail('not asked yet')
  const asked = new Promise<void>(resolve => {
    closing.app.get('/slow', async () => {
      resolve()
      await new Promise<void>(done => {
        finish = done
      })
      return 'finished'
    })
  })
  const { port: closingPort } = await closing.listen()
  const open = fetch(`http://localhost:${closingPort}/slow`)
  await asked
  const begun = performance.now()
  const closed = closing.close()
  while (await isOpen(closingPort)) await new Promise(resolve => setTimeout(resolve, 10))
  finish()
  assert.equal(await (await open).text(), 'finished')
  await closed
  assert.ok(performance.now() - begun < 30_000, 'nothing waited for closeMs')
})

const isOpen = (at: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(at, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

test('a close ends what is still open after closeMs, and tells long answers by a signal before', async () => {
  const closing = createListener({ name: 'closing', origin: 'http://localhost', port: 0, limits: { closeMs: 200 } })
  let told = false
  const asked = new Promise<void>(resolve => {
    closing.app.get('/never', (request, reply) => {
      reply.hijack()
      request.server.closing.addEventListener('abort', () => {
        told = true
      })
      resolve()
    })
  })
  const { port: closingPort } = await closing.listen()
  const open = assert.rejects(fetch(`http://localhost:${closingPort}/never`), TypeError)
  await asked
  await closing.close()
  await open
  assert.equal(told, true)
})

test('a host that cannot be one stops the start', () => {
  assert.throws(() => createListener({ name: 'x', origin: 'http://localhost', port: 0, hosts: ['::1'] }), RangeError)
})
