import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { admissionRules } from '../admission.ts'
import type { Log, LogFields } from '../log.ts'
import { rawExchange, rawGet } from '../testing/raw-exchange.ts'
import { pipelinedMost } from './gate.ts'
import { createListener } from './listener.ts'

/** Work of this process that nothing else is done beside. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** A listener whose `/work` takes the processor for a while, `/wait` until `release`, and `/end` comes first. */
async function opened(t: TestContext) {
  const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = []
  const write = (event: string, fields?: LogFields) => void lines.push({ event, fields })
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  const { promise, resolve: release } = Promise.withResolvers<void>()
  const { promise: fewWait, resolve: fewAreWaiting } = Promise.withResolvers<void>()
  let waiting = 0
  const listener = createListener({
    name: 'crowded',
    origin: 'http://localhost',
    port: 0,
    log,
    urgencyOf: (_method, path) => (path === '/end' ? 'first' : 'usual'),
  })
  const plain = { status: 200, headers: ['content-type', 'text/plain'], body: 'done' }
  const answer = () => {
    work(1)
    return plain
  }
  listener.direct('GET', '/work', answer)
  listener.direct('GET', '/end', answer)
  listener.app.get('/livez', async () => 'ok')
  listener.direct('GET', '/wait', async () => {
    waiting += 1
    if (waiting === admissionRules.few) fewAreWaiting()
    await promise
    return plain
  })
  let shed = 0
  listener.onShed(() => {
    shed += 1
  })
  const observed: number[] = []
  listener.onAnswered((_method, _route, status) => void observed.push(status))
  const { port } = await listener.listen()
  const agent = new Agent({ keepAlive: true })
  t.after(async () => {
    release()
    agent.destroy()
    await listener.close()
  })
  const ask = (path: string): Promise<{ readonly status: number; readonly retryAfter: string | undefined }> =>
    new Promise((settle, fail) => {
      get({ port, path, agent, headers: { host: 'localhost' } }, reply => {
        reply
          .resume()
          .once('end', () => settle({ status: reply.statusCode ?? 0, retryAfter: reply.headers['retry-after'] }))
      }).once('error', fail)
    })
  return { ask, port, lines, observed, fewWait, release, shed: () => shed }
}

test('a crowd is answered in part and turned away in part with 503 and Retry-After, and nobody is when it has gone (RFC 9110 §15.6.4)', async t => {
  const { ask, lines, observed, fewWait, release, shed } = await opened(t)
  const holding = Array.from({ length: admissionRules.few }, () => ask('/wait'))
  await fewWait
  const [answers, urgent, health] = [new Map<number, number>(), new Set<number>(), new Set<number>()]
  const isOver = () => shed() >= 100 && urgent.size > 0 && health.size > 0
  const send = async (path: string, note: (status: number) => void) => {
    while (!isOver()) {
      const { status, retryAfter } = await ask(path)
      assert.equal(retryAfter !== undefined, status === 503)
      note(status)
    }
  }
  const count = (status: number) => void answers.set(status, (answers.get(status) ?? 0) + 1)
  await Promise.all([
    ...Array.from({ length: 50 }, () => send('/work', count)),
    send('/end', status => void (shed() > 0 && urgent.add(status))),
    send('/livez', status => void (shed() > 0 && health.add(status))),
  ])
  assert.deepEqual([...answers.keys()].sort(), [200, 503])
  assert.deepEqual([...urgent], [200], 'what ends something is let in')
  assert.deepEqual([...health], [200], 'health is told')
  release()
  for (const { status } of await Promise.all(holding)) assert.equal(status, 200, 'who was let in is answered')
  for (let n = 0; n < 100; n += 1) assert.equal((await ask('/work')).status, 200, 'the crowd has gone')
  assert.ok(
    observed.every(status => status === 200),
    'who was turned away is in no duration',
  )
  assert.ok(lines.some(({ event }) => event === 'overloaded'))
  assert.equal(lines.filter(({ fields }) => fields?.status === 503).length, 0, 'no line for each')
})

test('as many as the few are in flight at once without anybody being turned away, however long they take', async t => {
  const { ask, release, shed } = await opened(t)
  const waiting = Array.from({ length: admissionRules.few }, () => ask('/wait'))
  for (let n = 0; n < 300; n += 1) assert.equal((await ask('/work')).status, 200)
  release()
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
  assert.equal(shed(), 0)
})

test('who sends more requests on one connection than it waits for is cut off, and its places are free again', async t => {
  const { ask, port } = await opened(t)
  const kept = rawGet('/wait').replace('Connection: close\r\n', '')
  for (let round = 0; round < 100; round += 1) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => socket.destroy())
    socket.write(kept.repeat(pipelinedMost + 1))
    await once(socket, 'close')
  }
  // 6,400 requests that were never answered hold no place: more than the most in flight.
  assert.equal((await ask('/work')).status, 200)
  const answers = await rawExchange(port, kept.replace('/wait', '/work').repeat(pipelinedMost - 1) + rawGet('/work'))
  assert.equal(answers.split('HTTP/1.1 200').length - 1, pipelinedMost, 'as many as are allowed are answered')
})

test('bytes that are no request behind one that waits for its answer end the connection, and are not answered in its place or its middle (RFC 9112 §9.3.2)', async t => {
  const listener = createListener({ name: 'owing', origin: 'http://localhost', port: 0 })
  t.after(() => listener.close())
  listener.direct('GET', '/wait', () => new Promise(() => undefined))
  listener.app.get('/half', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': 20 }).write('the first half')
  })
  const { port } = await listener.listen()
  const garbage = 'no request\r\n\r\n'
  assert.equal(await rawExchange(port, `GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n${garbage}`), '')
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
  })
  socket.write('GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  socket.write(garbage)
  await once(socket, 'close')
  assert.match(received, /^HTTP\/1\.1 200 .*\r\n\r\nthe first half$/s)
})
