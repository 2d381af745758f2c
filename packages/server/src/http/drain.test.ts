import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { headerOf, rawGet, statusOf } from '../testing/raw-exchange.ts'
import { addHealthRoutes } from './health.ts'
import { createListener } from './listener.ts'

const drainMs = 1_500

async function opened() {
  const listener = createListener({
    name: 'draining',
    origin: 'http://localhost',
    port: 0,
    addresses: ['127.0.0.1'],
    limits: { drainMs, closeMs: 1000 },
  })
  addHealthRoutes(listener.app, {})
  listener.direct('GET', '/direct', () => ({ status: 200, headers: ['content-type', 'text/plain'], body: 'direct' }))
  listener.app.get('/fastify', async () => 'fastify')
  const { port } = await listener.listen()
  return { listener, port }
}

async function keptConnection(port: number): Promise<(path: string) => Promise<string>> {
  const socket: Socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return async path => {
    socket.write(rawGet(path).replace('Connection: close\r\n', ''))
    const [answer] = await once(socket, 'data')
    return String(answer)
  }
}

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

test('a listener that drains says first that it is not ready, and serves everything as before (RFC 9110 §15.6.4)', async () => {
  const { listener, port } = await opened()
  const ask = await keptConnection(port)
  assert.equal(statusOf(await ask('/readyz')), 200)
  const closed = listener.close()
  assert.equal(statusOf(await ask('/readyz')), 503)
  const answer = await ask('/direct')
  assert.equal(statusOf(answer), 200)
  assert.notEqual(headerOf(answer, 'connection'), 'close')
  assert.ok(await connects(port))
  await closed
})

test('then it takes no new connection, answers on kept ones, and says that they end (RFC 9112 §9.6)', async () => {
  const { listener, port } = await opened()
  const [direct, fastify, idle] = [await keptConnection(port), await keptConnection(port), connect(port, '127.0.0.1')]
  for (const ask of [direct, fastify]) assert.equal(statusOf(await ask('/readyz')), 200)
  const idleEnded = once(idle, 'close')
  const closed = listener.close()
  while (await connects(port)) await wait(20)
  for (const [ask, path] of [
    [direct, '/direct'],
    [fastify, '/fastify'],
  ] as const) {
    const answer = await ask(path)
    assert.equal(statusOf(answer), 200, path)
    assert.equal(headerOf(answer, 'connection'), 'close', path)
  }
  await Promise.all([closed, idleEnded])
})

test('closing takes as long as the limits say: Fastify sets no end of its own to it', async () => {
  const { listener } = await opened()
  assert.equal(listener.app.initialConfig.pluginTimeout, 0)
  await listener.close()
})
