import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { bearer, exchange } from '@sallyport/guard/testing/exchange'
import { gatewayHarness, inside, outside, raw } from './testing/gateway-harness.ts'

const harness = await gatewayHarness()
const { issuer, start, upstream } = harness
after(() => harness.close())

const to = { resource: outside, audience: inside }
const token = issuer.opaque({ aud: outside })
const head = (line: string, ...more: string[]) =>
  [`${line} HTTP/1.1`, 'Host: gateway.test', `Authorization: Bearer ${token}`, ...more, '', ''].join('\r\n')
const chunked = 'Transfer-Encoding: chunked'
const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
const next = head('GET /livez', 'Connection: close')

test('a caller that breaks off in the middle of a body that no service takes any more ends nothing but its own request', async () => {
  const [gateway, at] = await start({
    routes: [
      { ...to, prefix: '/slow', upstream },
      { ...to, prefix: '/away', upstream: 'http://127.0.0.1:1' },
    ],
  })
  const waiting = Promise.withResolvers<void>()
  harness.answerWith = () => waiting.resolve()
  const socket = connect(Number(new URL(at).port), '127.0.0.1')
  // The answer to the second waits behind that of the first.
  socket.write(head('GET /slow') + head('POST /away', chunked) + chunk)
  await waiting.promise
  await wait(300)
  socket.destroy()
  await wait(100)
  harness.reset()
  assert.equal((await exchange(at, '/slow', bearer(token))).status, 200)
  await gateway.close()
})

test('the request after a body that a service that is away never took is answered (RFC 9112 §9.3)', async () => {
  const [gateway, at] = await start({ routes: [{ ...to, prefix: '/away', upstream: 'http://127.0.0.1:1' }] })
  const answer = await raw(at, `${head('POST /away', chunked) + chunk.repeat(20)}0\r\n\r\n${next}`)
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 502', 'HTTP/1.1 200'])
  await gateway.close()
})

test('the request after a body that a service answered without reading it is answered (RFC 9112 §9.3)', async () => {
  const early = createServer((_request, response) => response.writeHead(403, { 'content-length': 2 }).end('no'))
  await new Promise<void>(resolve => early.listen(0, '127.0.0.1', resolve))
  const { port } = early.address() as AddressInfo
  const [gateway, at] = await start({ routes: [{ ...to, prefix: '/early', upstream: `http://127.0.0.1:${port}` }] })
  const answer = await raw(at, `${head('POST /early', chunked) + chunk.repeat(40)}0\r\n\r\n${next}`)
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 403', 'HTTP/1.1 200'])
  await gateway.close()
  early.closeAllConnections()
  await new Promise(resolve => early.close(resolve))
})
