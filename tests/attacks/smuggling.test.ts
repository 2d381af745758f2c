/**
 * Requests that two parsers could read differently, as bytes on a socket, at every listener of a started system; and what
 * the gateway lets through to the service behind it. Nothing smuggled is ever carried out: orders would show it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getTokens } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import { rawRequest, statusesOf } from '../raw-request.ts'
import { systemOfFile } from '../system.ts'

const system = await systemOfFile()
const { gateway, resources } = system
const alice = { client: 'spa', username: 'alice', scope: 'openid read:orders write:orders' }
const token = (await getTokens(system, { ...alice, resource: resources.outside })).access
const inside = (await getTokens(system, { ...alice, resource: resources.inside })).access

const listeners: readonly (readonly [string, string])[] = [
  ['authority', system.issuer],
  ['gateway', gateway],
  ['browser back end', system.app],
  ['orders API', system.ordersApi],
]

const hostOf = (origin: string): string => new URL(origin).host

/** Alice's orders, newest first. */
async function ordersOf(): Promise<string> {
  const reply = await exchange(`${gateway}/orders?limit=100`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(reply.status, 200, reply.text)
  return reply.text
}

const order = '{"item":"smuggled","quantity":1,"unit_price_cents":1}'
const hidden = (origin: string, bearer: string): string =>
  [
    'POST /orders HTTP/1.1',
    `Host: ${hostOf(origin)}`,
    `Authorization: Bearer ${bearer}`,
    'Content-Type: application/json',
    `Content-Length: ${order.length}`,
    '',
    order,
  ].join('\r\n')

/** What is wrong, and the headers after `Host` with the blank line and the body: a request hidden in it follows. */
const ambiguous: readonly (readonly [string, string])[] = [
  ['Content-Length and Transfer-Encoding', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n'],
  ['Transfer-Encoding and a length of 0', 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  ['two equal lengths', 'Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd'],
  ['a list of lengths', 'Content-Length: 4, 4\r\n\r\nabcd'],
  ['a signed length', 'Content-Length: +4\r\n\r\nabcd'],
  ['a negative length', 'Content-Length: -1\r\n\r\n'],
  ['a length in hexadecimal', 'Content-Length: 0x4\r\n\r\nabcd'],
  ['a length with a space in it', 'Content-Length: 4 4\r\n\r\nabcd'],
  ['a length beyond all numbers', 'Content-Length: 99999999999999999999999\r\n\r\nabcd'],
  ['a space before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
  ['a space before the name', ' Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a folded header (obs-fold)', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
  ['a folded header with a tab', 'X-A: b\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['chunked in two headers', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n'],
  ['chunked not last', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['chunked in quotes', 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'],
  ['a vertical tab in a coding', 'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n'],
  ['a bare CR', 'X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bare LF', 'X-A: b\nContent-Length: 0\r\n\r\n'],
  ['a NUL in a value', 'X-A: b\0c\r\nContent-Length: 0\r\n\r\n'],
  ['a NUL in a name', 'X-\0A: b\r\nContent-Length: 0\r\n\r\n'],
  ['a header without a colon', 'Transfer-Encoding chunked\r\n\r\n0\r\n\r\n'],
  ['a header without a name', ': chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk size in 0x', 'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n'],
  ['a signed chunk size', 'Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n'],
  ['a chunk longer than it says', 'Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n'],
  ['a chunk ended by LF', 'Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n'],
  ['a chunk size beyond all numbers', 'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n'],
  ['a CR in a chunk extension', 'Transfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n'],
]

for (const [what, rest] of ambiguous) {
  test(`${what}: refused by every listener, and what follows is read as no request (RFC 9112 §5, §6.3, §11.2)`, async () => {
    const before = await ordersOf()
    for (const [name, origin] of listeners) {
      const bearer = name === 'orders API' ? inside : token
      const path = name === 'authority' ? '/token' : '/orders'
      const head = `POST ${path} HTTP/1.1\r\nHost: ${hostOf(origin)}\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\n`
      const answers = statusesOf(await rawRequest(origin, head + rest + hidden(origin, bearer)))
      assert.deepEqual(
        answers.map(status => status === 400 || status === 413 || status === 501),
        [true],
        `${name}: ${answers}`,
      )
    }
    assert.equal(await ordersOf(), before)
  })
}

test('lines that are not HTTP/1.1 are refused (RFC 9112 §3)', async () => {
  const lines = [
    'GET /orders',
    'GET /orders HTTP/9.9',
    'GET /orders HTTP/1.1 x',
    'G\0T /orders HTTP/1.1',
    'GET /or\0ders HTTP/1.1',
    'GET orders HTTP/1.1',
    'CONNECT localhost:80 HTTP/1.1',
    'PRI * HTTP/2.0',
    '\x16\x03\x01\x02\x00',
  ]
  for (const [name, origin] of listeners) {
    for (const line of lines) {
      const answers = statusesOf(
        await rawRequest(origin, `${line}\r\nHost: ${hostOf(origin)}\r\nConnection: close\r\n\r\n`),
      )
      const refused = answers.length === 0 || (answers.length === 1 && [400, 404, 405, 505].includes(answers[0] ?? 0))
      assert.ok(refused, `${name} ${JSON.stringify(line)}: ${answers}`)
    }
  }
})

test('a chunk extension is read over (RFC 9112 §7.1.1)', async () => {
  const body = '{"ids":["alice-1"]}'
  const request = [
    'POST /orders/batch-read HTTP/1.1',
    `Host: ${hostOf(gateway)}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Transfer-Encoding: chunked',
    'Connection: close',
    '',
    `${body.length.toString(16)};a="b"`,
    body,
    '0',
    '',
    '',
  ].join('\r\n')
  const received = await rawRequest(gateway, request)
  assert.deepEqual(statusesOf(received), [200], received.slice(0, 400))
  assert.match(received, /"alice-1"/)
})

test('a body where none belongs is no second request behind the gateway (RFC 9110 §9.3.1)', async () => {
  const before = await ordersOf()
  for (const method of ['GET', 'HEAD']) {
    const body = hidden(gateway, token)
    const head = `${method} /orders HTTP/1.1\r\nHost: ${hostOf(gateway)}\r\nAuthorization: Bearer ${token}\r\n`
    const received = await rawRequest(
      gateway,
      `${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    assert.deepEqual(statusesOf(received), [400], received.slice(0, 300))
  }
  assert.equal(await ordersOf(), before)
})

test('Connection takes nothing away that the gateway or the service needs (RFC 9110 §7.6.1)', async () => {
  const body = '{"item":"Rope","quantity":1,"unit_price_cents":100}'
  const named = ['Authorization', 'Content-Length', 'Content-Type', 'Host', 'X-Request-Id', 'Forwarded', 'Via']
  for (const name of named) {
    const head = [
      'POST /orders HTTP/1.1',
      `Host: ${hostOf(gateway)}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Connection: close, ${name}`,
      '',
      body,
    ].join('\r\n')
    assert.deepEqual(statusesOf(await rawRequest(gateway, head)), [201], name)
  }
})

test('an Upgrade to another protocol is not taken and carries nothing (RFC 9110 §7.8)', async () => {
  for (const [name, origin] of listeners) {
    for (const protocol of ['h2c', 'websocket']) {
      const head = [
        'GET /livez HTTP/1.1',
        `Host: ${hostOf(origin)}`,
        `Upgrade: ${protocol}`,
        'Connection: Upgrade, HTTP2-Settings',
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
        '',
        '',
      ].join('\r\n')
      const answers = statusesOf(await rawRequest(origin, head + hidden(origin, token)))
      assert.ok(!answers.includes(101) && !answers.includes(201), `${name} ${protocol}: ${answers}`)
    }
  }
})

test('paths that two programs may read differently reach no service (RFC 3986 §3.3, §5.2.4)', async () => {
  for (const path of [
    '/orders/..%2fmetrics',
    '/orders/../metrics',
    '/orders/%2e%2e/metrics',
    '/orders/.%2e/metrics',
    '/orders/%2e%2e%2fmetrics',
    '/orders/..;/metrics',
    '/orders/..;x=1/metrics',
    '/orders//metrics',
    '//orders',
    '/orders/%252e%252e/metrics',
    '/orders%2f..%2fmetrics',
    '/orders/..%5cmetrics',
    '/orders/..\\metrics',
    '/orders/%00',
    '/orders/alice-1%0d%0aX-A:%20b',
    '/orders/%c0%ae%c0%ae/metrics',
    '/orders/%ff',
    '/orders#/../metrics',
  ]) {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${hostOf(gateway)}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
    const received = await rawRequest(gateway, head)
    assert.deepEqual(statusesOf(received), [400], `${path}: ${received.slice(0, 300)}`)
    assert.doesNotMatch(received, /sallyport_|# HELP/)
  }
  for (const path of ['/metrics/../orders', '/ordersx', '/ORDERS', '/orders;x']) {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${hostOf(gateway)}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
    const [status] = statusesOf(await rawRequest(gateway, head))
    assert.ok(status === 400 || status === 404, `${path}: ${status}`)
  }
})

test('a request id of the caller’s own choice reaches no log as ours', async () => {
  const headers = { authorization: `Bearer ${token}`, 'x-request-id': 'chosen-by-the-caller' }
  const { headers: answered, status } = await exchange(`${gateway}/orders`, { headers })
  assert.equal(status, 200)
  assert.match(String(answered['x-request-id']), /^[0-9a-f]{24}$/)
})
