/**
 * Bytes that no HTTP client would send, at every listener: arbitrary ones, and requests with pieces of them cut, doubled
 * and replaced. Every answer is HTTP and below 500, tells nothing of us, and the listener lives on.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchange } from '../exchange.ts'
import { systemOfFile } from '../system.ts'
import { leastInputs, seed } from './sizes.ts'

const parallel = 16
const each = leastInputs(64)
/** How long an unfinished request is waited for before its sender breaks it off. */
const patienceMs = 150

const system = await systemOfFile()
const listeners: readonly (readonly [string, string])[] = [
  ['authority', system.issuer],
  ['gateway', system.gateway],
  ['app', system.app],
  ['ordersApi', system.ordersApi],
]

const pieces = [
  'GET ',
  'POST ',
  'HEAD ',
  'OPTIONS ',
  'QUERY ',
  '/ ',
  '/token ',
  '/orders ',
  '/bff/session ',
  '* ',
  'http://localhost/ ',
  '/%00 ',
  '/\xff ',
  'HTTP/1.1\r\n',
  'HTTP/1.0\r\n',
  'HTTP/2.0\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  'Host: localhost\r\n',
  'Host: x\r\n',
  'host:localhost\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: -1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, x\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\n',
  'Authorization: Bearer x\r\n',
  'Cookie: a=b; a=c\r\n',
  'X: \xff\xfe\r\n',
  'Content-Type: application/x-www-form-urlencoded\r\n',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  'hello',
  '\0',
  ': ',
  ' ',
  '\t',
  '\x16\x03\x01\x00\xa5\x01',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a'.repeat(20_000),
  'X: y\r\n'.repeat(150),
]

const request =
  'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\nConnection: close\r\n\r\ngrant=abc'

const damaged = fc
  .array(
    fc.record({
      at: fc.nat(request.length),
      cut: fc.nat(6),
      piece: fc.oneof(fc.constantFrom(...pieces), fc.constant('')),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map(edits => edits.reduce((text, { at, cut, piece }) => text.slice(0, at) + piece + text.slice(at + cut), request))

const inputs = fc.oneof(
  { weight: 4, arbitrary: damaged },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map(list => list.join('')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes).toString('latin1')) },
)

/** What comes back until the other side closes, or until we give up waiting. */
function send(origin: string, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const bytes = text.replaceAll('Host: localhost\r\n', `Host: ${new URL(origin).host}\r\n`)
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(origin).port) })
  let received = ''
  socket.setEncoding('latin1').setTimeout(patienceMs, () => socket.destroy())
  socket.on('data', data => {
    received += data
  })
  // A reset is an answer as well: the listener would not read on.
  socket.on('error', () => socket.destroy())
  socket.once('close', () => resolve(received))
  socket.once('connect', () => socket.end(Buffer.from(bytes, 'latin1')))
  return promise
}

for (const [name, origin] of listeners) {
  test(`${name}: ${each} sequences of bytes get HTTP answers below 500, and nothing of ours`, async () => {
    const statuses = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(fc.array(inputs, { minLength: parallel, maxLength: parallel }), async texts => {
        const answers = await Promise.all(texts.map(text => send(origin, text)))
        for (const [index, answer] of answers.entries()) {
          const what = `${JSON.stringify(texts[index]?.slice(0, 300))} -> ${answer.slice(0, 300)}`
          assert.ok(answer === '' || answer.startsWith('HTTP/1.1 '), what)
          assert.doesNotMatch(answer, /^HTTP\/1\.1 5(?!05)/m, what)
          assert.doesNotMatch(answer, /node:internal|\/packages\/|node_modules|\.ts:\d|\bat \w+ \(/, what)
          const status = answer.slice(9, 12) || 'none'
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }),
      { numRuns: Math.ceil(each / parallel), seed },
    )
    for (const path of ['/livez', '/readyz']) assert.equal((await exchange(origin + path)).status, 200)
    process.stdout.write(
      `${String(each).padStart(6)}  ${name} bytes  ${[...statuses]
        .sort()
        .map(pair => pair.join(':'))
        .join(' ')}  seed ${seed}\n`,
    )
  })
}
