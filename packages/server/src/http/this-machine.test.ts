import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { isFromThisMachine } from './this-machine.ts'

test('a request over loopback is from this machine, unless a proxy passed it on (RFC 7239 §4, RFC 9110 §7.6.3)', async t => {
  const judged: boolean[] = []
  const server = createServer((received, answer) => {
    judged.push(isFromThisMachine(received))
    answer.end()
  })
  t.after(() => server.close())
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const ask = (headers: Record<string, string>) =>
    new Promise<IncomingMessage>((settle, fail) => {
      const sent = request({ host: '127.0.0.1', port, headers, agent: false }, answer => settle(answer.resume()))
      sent.on('error', fail).end()
    })
  await ask({ accept: 'text/plain' })
  await ask({ forwarded: 'for=192.0.2.7' })
  await ask({ 'x-forwarded-for': '127.0.0.1' })
  await ask({ via: '1.1 proxy' })
  assert.deepEqual(judged, [true, false, false, false])
})

test('another address is not this machine, whatever it is like', () => {
  const from = (remoteAddress: string | undefined) => isFromThisMachine({ socket: { remoteAddress }, headers: {} })
  for (const own of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) assert.equal(from(own), true, own)
  for (const other of ['192.0.2.7', '::ffff:192.0.2.7', '::2', '127.evil', undefined])
    assert.equal(from(other), false, String(other))
})
