import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import type { Log, LogFields } from '../log.ts'
import { headerOf, rawExchange, rawGet, statusOf } from '../testing/raw-exchange.ts'
import type { DirectAnswer, DirectRequest } from './exchange.ts'
import { createListener, type Listener } from './listener.ts'

const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = []
const write = (event: string, fields?: LogFields) => void lines.push({ event, fields })
const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
const observed: unknown[] = []
const received: DirectRequest[] = []

let listener: Listener
let port: number

const document: DirectAnswer = {
  status: 200,
  headers: ['cache-control', 'public, max-age=300', 'content-type', 'application/json; charset=utf-8'],
  body: '{"grüß":"dich"}',
}

const echo = (request: DirectRequest): DirectAnswer => {
  received.push(request)
  const { method, url, body, address } = request
  const said = JSON.stringify({ method, url, body: Buffer.from(body).toString(), address })
  return { status: 200, headers: ['content-type', 'application/json'], body: said }
}

before(async () => {
  listener = createListener({
    name: 'test',
    origin: 'https://auth.example',
    port: 0,
    hosts: ['localhost', '127.0.0.1', '[::1]'],
    log,
    trustProxy: ['127.0.0.1'],
    limits: { bodyBytes: 1000, headersMs: 300, requestMs: 600, checkMs: 50, headerCount: 20, closeMs: 1000 },
    errorPage: failure => ({ html: `<h1>${failure.status}</h1>${failure.requestId}` }),
  })
  listener.direct('GET', '/document', () => document)
  listener.direct('POST', '/echo', echo)
  listener.direct('GET', '/throws', () => {
    throw new Error('the inside story')
  })
  listener.direct('GET', '/rejects', async () => Promise.reject(new Error('the inside story')))
  listener.direct('GET', '/unsendable', () => ({ status: 200, headers: ['x-line', 'two\nlines'], body: '' }))
  listener.direct('OPTIONS', '/echo', () => ({ status: 204, headers: ['access-control-max-age', '600'], body: '' }))
  listener.app.get('/plain', async () => 'plain')
  listener.app.get('/address', async request => request.ip)
  listener.onAnswered((method, route, status, seconds) => {
    observed.push([method, route, status])
    assert.ok(seconds >= 0 && seconds < 60)
  })
  port = (await listener.listen()).port
})

beforeEach(() => {
  lines.length = observed.length = received.length = 0
})

after(() => listener.close())

const ask = (bytes: string): Promise<string> => rawExchange(port, bytes)

const post = (body: string, ...headers: string[]): string =>
  [
    'POST /echo?a=1 HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

test('a direct answer carries the listener’s headers once, its own in their place, length and request id', async () => {
  for (const turn of [1, 2]) {
    const answer = await ask(rawGet('/document?x=1'))
    assert.equal(statusOf(answer), 200)
    assert.equal(headerOf(answer, 'cache-control'), 'public, max-age=300')
    assert.equal(answer.match(/^cache-control:/gim)?.length, 1)
    assert.equal(headerOf(answer, 'content-length'), String(Buffer.byteLength(document.body)), `turn ${turn}`)
    assert.equal(headerOf(answer, 'content-security-policy'), "default-src 'none'; frame-ancestors 'none'")
    assert.match(headerOf(answer, 'strict-transport-security') ?? '', /^max-age=\d{8}$/)
    assert.match(headerOf(answer, 'x-request-id') ?? '', /^[0-9a-f]{24}$/)
    assert.match(headerOf(answer, 'date') ?? '', /GMT$/)
    assert.equal(Buffer.from(bodyOf(answer), 'latin1').toString(), document.body)
  }
})

test('two answers never have one request id, on one connection neither', async () => {
  const answers = await ask(rawGet('/document').replace('Connection: close\r\n', '').repeat(3) + rawGet('/document'))
  const ids = [...answers.matchAll(/x-request-id: (\w+)/g)].map(([, id]) => id)
  assert.equal(new Set(ids).size, 4)
})

test('HEAD gets the headers of GET and no body (RFC 9110 §9.3.2)', async () => {
  const answer = await ask(rawGet('/document').replace('GET', 'HEAD'))
  assert.equal(headerOf(answer, 'content-length'), String(Buffer.byteLength(document.body)))
  assert.equal(bodyOf(answer), '')
})

test('a 204 has neither body nor length (RFC 9110 §8.6)', async () => {
  const answer = await ask(rawGet('/echo').replace('GET', 'OPTIONS'))
  assert.equal(statusOf(answer), 204)
  assert.equal(headerOf(answer, 'access-control-max-age'), '600')
  assert.equal(headerOf(answer, 'content-length'), undefined)
})

test('a handler reads method, address as sent, headers and body; a body in chunks too', async () => {
  assert.deepEqual(JSON.parse(bodyOf(await ask(post('b=2', 'X-A: 1', 'x-a: 2')))), {
    method: 'POST',
    url: '/echo?a=1',
    body: 'b=2',
    address: '127.0.0.1',
  })
  assert.deepEqual(
    received[0]?.rawHeaders.filter((_, at, all) => all[at - 1]?.toLowerCase() === 'x-a'),
    ['1', '2'],
  )
  const head = post('').replace(/Content-Length: 0/, 'Transfer-Encoding: chunked')
  assert.equal(JSON.parse(bodyOf(await ask(`${head}2\r\nb=\r\n1\r\n3\r\n0\r\n\r\n`))).body, 'b=3')
})

test('app.inject and odd spellings of path and type reach the same handler by way of Fastify', async () => {
  const injected = await listener.app.inject({ url: '/document', headers: { host: 'localhost' } })
  assert.deepEqual([injected.body, injected.headers['cache-control']], [document.body, 'public, max-age=300'])
  const preflight = await listener.app.inject({ method: 'OPTIONS', url: '/echo', headers: { host: 'localhost' } })
  assert.deepEqual([preflight.statusCode, preflight.headers['access-control-max-age']], [204, '600'])
  assert.equal(statusOf(await ask(rawGet('/%64ocument'))), 200)
  const odd = post('b=2').replace('x-www-form-urlencoded', 'x-www-form-urlencoded; charset=iso-8859-1')
  assert.equal(JSON.parse(bodyOf(await ask(odd))).body, 'b=2')
})

test('the way by Fastify and the direct one answer alike, header by header', async () => {
  const names = (answer: string) =>
    answer
      .slice(0, answer.indexOf('\r\n\r\n'))
      .split('\r\n')
      .slice(1)
      .map(line => line.toLowerCase())
      .filter(line => !/^(?:x-request-id|date)/.test(line))
      .sort()
  assert.deepEqual(names(await ask(rawGet('/document'))), names(await ask(rawGet('/%64ocument'))))
})

test('what a listener refuses it refuses before a direct route: Host, target, header count (RFC 9112 §3.2, RFC 9110 §15.5.20)', async () => {
  for (const [bytes, status] of [
    [rawGet('/document').replace('localhost', 'evil.example'), 421],
    [rawGet('http://evil.example/document'), 421],
    [rawGet('/document', 'Host: localhost'), 400],
    [rawGet('/document').replace('localhost', 'user@localhost'), 400],
    [rawGet('/document', ...Array.from({ length: 19 }, () => 'X-A: b')), 431],
  ] as const) {
    const answer = await ask(bytes)
    assert.equal(statusOf(answer), status, bytes)
    assert.equal(JSON.parse(bodyOf(answer)).request_id, headerOf(answer, 'x-request-id'))
  }
  assert.equal(statusOf(await ask(rawGet('http://localhost/document'))), 200)
  assert.deepEqual(observed.at(0), ['GET', 'none', 421])
  assert.ok(lines.some(({ event, fields }) => event === 'host_refused' && fields?.reason === 'host_unknown'))
})

test('a body over the limit gets 413 and the connection ends, whether its length is told or found out (RFC 9110 §15.5.14)', async () => {
  const told = await ask(post('a'.repeat(1001)).replace('Connection: close\r\n', ''))
  const chunk = `1f4\r\n${'a'.repeat(500)}\r\n`
  const head = post('').replace(/Connection: close\r\nContent-Type/, 'Content-Type')
  const chunked = await ask(
    `${head.replace('Content-Length: 0', 'Transfer-Encoding: chunked')}${chunk.repeat(3)}0\r\n\r\n`,
  )
  for (const answer of [told, chunked]) {
    assert.equal(statusOf(answer), 413)
    assert.equal(JSON.parse(bodyOf(answer)).reason, 'body_too_large')
  }
  assert.equal(received.length, 0)
})

test('a malformed Content-Type gets 415 as on any route (RFC 9110 §15.5.16)', async () => {
  const answer = await ask(post('a=b').replace('application/x-www-form-urlencoded', 'nonsense'))
  assert.equal(statusOf(answer), 415)
})

test('a body that does not end gets 408, one that is no chunk 400, and neither reaches the handler (RFC 9110 §15.5.9)', async () => {
  const stalled = await ask(post('abc').replace('Content-Length: 3', 'Content-Length: 10'))
  assert.equal(statusOf(stalled), 408)
  const head = post('').replace('Content-Length: 0', 'Transfer-Encoding: chunked')
  const broken = await ask(`${head}zz\r\nabc\r\n0\r\n\r\n${rawGet('/document')}`)
  assert.equal(statusOf(broken), 400)
  assert.equal(broken.match(/HTTP\/1\.1 \d/g)?.length, 1)
  assert.equal(received.length, 0)
})

test('a method without a handler gets 405 with those there are (RFC 9110 §15.5.6)', async () => {
  const answer = await ask(rawGet('/echo'))
  assert.deepEqual([statusOf(answer), headerOf(answer, 'allow')], [405, 'OPTIONS, POST'])
})

test('what a handler throws is a 500 that tells nothing, a page for a browser, and a line with its cause', async () => {
  for (const path of ['/throws', '/rejects']) {
    const json = await ask(rawGet(path))
    assert.equal(statusOf(json), 500)
    assert.equal(JSON.parse(bodyOf(json)).error, 'server_error')
    const page = await ask(rawGet(path, 'Accept: text/html'))
    assert.match(bodyOf(page), /^<h1>500<\/h1>[0-9a-f]{24}$/)
    for (const answer of [json, page]) assert.doesNotMatch(answer, /inside story|\.ts:/)
    const line = lines.find(({ event, fields }) => event === 'request_failed' && fields?.route === path)
    assert.match(String(line?.fields?.stack), /inside story/)
    assert.equal(line?.fields?.request_id, JSON.parse(bodyOf(json)).request_id)
  }
})

test('a success is observed and leaves no line in the log; a refusal leaves one', async () => {
  await ask(rawGet('/document'))
  await ask(rawGet('/throws'))
  assert.deepEqual(observed, [
    ['GET', '/document', 200],
    ['GET', '/throws', 500],
  ])
  assert.deepEqual(
    lines.filter(({ event }) => event === 'request').map(({ fields }) => [fields?.route, fields?.status]),
    [['/throws', 500]],
  )
})

test('an answer of Fastify is observed the same way, once', async () => {
  await ask(rawGet('/plain'))
  assert.deepEqual(observed, [['GET', '/plain', 200]])
})

test('the address is what Fastify takes for it, behind a trusted proxy too (RFC 7239 §7.4)', async () => {
  for (const forwarded of ['192.0.2.7', '192.0.2.7, 192.0.2.8', 'nonsense', '']) {
    const header = `X-Forwarded-For: ${forwarded}`
    const fastify = bodyOf(await ask(rawGet('/address', header)))
    assert.equal(JSON.parse(bodyOf(await ask(post('', header)))).address, fastify, forwarded)
  }
})

test('a caller that breaks off in the middle of a body is answered by nobody, and nothing is logged as ours', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write(post('abc').replace('Content-Length: 3', 'Content-Length: 10'))
  await new Promise(resolve => setTimeout(resolve, 50))
  socket.destroy()
  await once(socket, 'close')
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.deepEqual([lines, received], [[], []])
})

test('a close lets an open direct request finish and takes its connection with it', async () => {
  const closing = createListener({ name: 'closing', origin: 'http://localhost', port: 0, limits: { closeMs: 60_000 } })
  let finish: (answer: DirectAnswer) => void = () => assert.fail('not asked yet')
  const asked = new Promise<void>(resolve => {
    closing.direct('GET', '/slow', () => {
      resolve()
      return new Promise(done => {
        finish = done
      })
    })
  })
  const { port: closingPort } = await closing.listen()
  const open = rawExchange(closingPort, rawGet('/slow').replace('Connection: close\r\n', ''))
  await asked
  const begun = performance.now()
  const closed = closing.close()
  while (!closing.app.closing.aborted) await new Promise(resolve => setTimeout(resolve, 10))
  finish(document)
  const answer = await open
  assert.deepEqual([statusOf(answer), headerOf(answer, 'connection')], [200, 'close'])
  await closed
  assert.ok(performance.now() - begun < 30_000, 'nothing waited for closeMs')
})

test('who takes a listener over gets what it let in and no direct route answers, and may leave it to Fastify', async t => {
  const taken = createListener({ name: 'taken', origin: 'http://localhost', port: 0, hosts: ['127.0.0.1'] })
  t.after(() => taken.close())
  const seen: unknown[] = []
  taken.onAnswered((method, route, code) => void seen.push([method, route, code]))
  taken.direct('GET', '/document', () => document)
  taken.app.get('/plain', async () => 'plain')
  taken.takeOver(exchange => {
    if (exchange.url === '/plain') return false
    exchange.response.writeHead(201, exchange.head(['cache-control', 'private'])).end(exchange.url)
    exchange.answered('any', 201)
    return true
  })
  const { port: takenPort } = await taken.listen()
  const status = async (bytes: string) => statusOf(await rawExchange(takenPort, bytes))
  const answer = await rawExchange(takenPort, rawGet('http://localhost/any?thing'))
  assert.deepEqual([statusOf(answer), headerOf(answer, 'cache-control')], [201, 'private'])
  assert.match(headerOf(answer, 'x-request-id') ?? '', /^[0-9a-f]{24}$/)
  assert.match(answer, /\/any\?thing/)
  assert.deepEqual(seen, [['GET', 'any', 201]])
  assert.equal(await status(rawGet('/document')), 200)
  assert.equal(await status(rawGet('/plain')), 200)
  assert.equal(await status(rawGet('/any').replace('localhost', 'evil.example')), 421)
})

test('an answer that HTTP cannot carry is a 500, and costs those that leave with it nothing', async () => {
  const statuses = await Promise.all(
    ['/document', '/unsendable', '/document'].map(async path => statusOf(await rawExchange(port, rawGet(path)))),
  )
  assert.deepEqual(statuses, [200, 500, 200])
  assert.equal(lines.filter(({ event }) => event === 'request_failed').length, 1)
})
