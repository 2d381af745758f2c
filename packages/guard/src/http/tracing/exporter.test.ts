import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { otlpExporter } from './exporter.ts'
import { type EndedSpan, spanKinds } from './otlp.ts'

const resource = { service: 'part', version: '1', instance: 'one' }
const span: EndedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  sampled: true,
  parentSpanId: undefined,
  name: 'step',
  kind: spanKinds.internal,
  startedAt: 1n,
  endedAt: 2n,
  attributes: new Map([['a', 1]]),
  failed: false,
  link: undefined,
}

let endpoint: string
let status = 200
let received: number[] = []
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (status === 200) received.push(body.resourceSpans[0].scopeSpans[0].spans.length)
    response.writeHead(status).end('{}')
  })
})
before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
})
after(() => new Promise(resolve => server.close(resolve)))

const exporterOf = (at: string) => {
  const said: string[] = []
  return { said, exporter: otlpExporter({ endpoint: at, onChange: (event, got) => void said.push(`${event} ${got}`) }) }
}
const addAll = (exporter: ReturnType<typeof otlpExporter>, count: number) => {
  for (let added = 0; added < count; added += 1) exporter.add(resource, span)
}

test('spans are sent many at a time, the last when it closes', async () => {
  received = []
  const { exporter } = exporterOf(endpoint)
  addAll(exporter, 1200)
  await exporter.close()
  assert.equal(
    received.reduce((sum, count) => sum + count, 0),
    1200,
  )
  assert.ok(received.length <= 4, `${received}`)
  assert.deepEqual(exporter.state(), { sent: 1200, dropped: 0, queued: 0 })
})

test('a collector that is away costs a bounded queue and a count, and is reported once', async () => {
  const { exporter, said } = exporterOf('http://127.0.0.1:1/v1/traces')
  addAll(exporter, 10_000)
  await exporter.close()
  const { sent, dropped, queued } = exporter.state()
  assert.equal(sent, 0)
  assert.ok(queued <= 4096, `${queued} queued`)
  assert.equal(dropped + queued, 10_000)
  assert.equal(said.length, 1)
})

test('spans that may be sent again are, and refused ones are dropped (OTLP/HTTP, Failures)', async () => {
  received = []
  status = 503
  const { exporter, said } = exporterOf(endpoint)
  addAll(exporter, 10)
  await new Promise(resolve => setTimeout(resolve, 2_500))
  assert.deepEqual(exporter.state(), { sent: 0, dropped: 0, queued: 10 })
  status = 200
  await exporter.close()
  assert.deepEqual(received, [10])
  assert.deepEqual(said, ['traces_not_sent status 503', 'traces_sent_again status 200'])
  status = 400
  const refused = exporterOf(endpoint)
  addAll(refused.exporter, 5)
  await refused.exporter.close()
  assert.deepEqual(refused.exporter.state(), { sent: 0, dropped: 5, queued: 0 })
})

test('a collector that takes spans and does not answer holds up no close', async () => {
  const silent = createServer()
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { exporter } = exporterOf(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`)
  const asked = new Promise(resolve => silent.once('request', resolve))
  addAll(exporter, 512)
  await asked
  const began = performance.now()
  await exporter.close()
  const took = performance.now() - began
  assert.ok(took < 4_000, `${took} ms`)
  silent.closeAllConnections()
  await new Promise(resolve => silent.close(resolve))
})
