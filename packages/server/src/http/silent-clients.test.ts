import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { rawGet } from '../testing/raw-exchange.ts'
import type { ListenerLimits } from './limits.ts'
import { createListener } from './listener.ts'

const answerBytes = 32 * 1024 * 1024

async function opened(t: TestContext, limits: Partial<ListenerLimits>) {
  const listener = createListener({
    name: 'test',
    origin: 'http://localhost',
    port: 0,
    limits,
    addresses: ['127.0.0.1'],
  })
  listener.app.get('/long', async () => Buffer.alloc(answerBytes))
  listener.direct('GET', '/short', () => ({ status: 200, headers: [], body: 'short' }))
  const { port } = await listener.listen()
  t.after(() => listener.close())
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      listener.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    )
  return { port, connections }
}

/** Until the server holds no connection any more; the test's own limit is the only one. */
async function ended(connections: () => Promise<number>): Promise<void> {
  while ((await connections()) > 0) await wait(20)
}

test('who does not read an answer is held no longer than stalledMs', { timeout: 60_000 }, async t => {
  const { port, connections } = await opened(t, { stalledMs: 300, checkMs: 50 })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(rawGet('/long'))
  await once(socket, 'readable')
  assert.equal(await connections(), 1)
  await ended(connections)
  socket.destroy()
})

test('an idle connection is held no longer than keepAliveMs, and so is one on which nothing was ever sent (headersMs)', {
  timeout: 60_000,
}, async t => {
  const { port, connections } = await opened(t, { keepAliveMs: 200, headersMs: 300, checkMs: 50 })
  const [idle, silent] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  idle.write(rawGet('/short').replace('Connection: close\r\n', ''))
  silent.resume()
  assert.match(String((await once(idle, 'data'))[0]), /^HTTP\/1\.1 200 /)
  await Promise.all([once(idle, 'close'), once(silent, 'close')])
  await ended(connections)
})
