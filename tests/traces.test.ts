/** Traces of the whole system, as a collector gets them from its processes. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Browser } from './attacks/browser.ts'
import { getTokens } from './code-flow.ts'
import { exchange } from './exchange.ts'
import { type RunningSystem, startSystem } from './system.ts'
import { type ReceivedSpan, startTraceCollector, type TraceCollector } from './trace-collector.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-traces-'))
let collector: TraceCollector
let system: RunningSystem
before(async () => {
  collector = await startTraceCollector()
  const configuration = join(folder, 'sallyport.yaml')
  const usual = readFileSync(join(import.meta.dirname, 'system.yaml'), 'utf8')
  writeFileSync(configuration, `${usual}tracing:\n  endpoint: ${collector.endpoint}\n`)
  system = await startSystem({ environment: { SALLYPORT_CONFIG: configuration } })
})
after(async () => {
  await system.stop()
  await collector.close()
  rmSync(folder, { recursive: true })
})

const outsideTrace = '4bf92f3577b34da6a3ce929d0e0e4736'
const outsideSpan = '00f067aa0ba902b7'

/** A trace as lines, each span below its parent: `service: name`. */
function tree(spans: readonly ReceivedSpan[], parent?: ReceivedSpan, depth = 0): readonly string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
    .flatMap(span => [
      `${'  '.repeat(depth)}${span.service} ${span.kind}: ${span.name}`,
      ...tree(spans, span, depth + 1),
    ])
}

/** Spans in the order they began, as a collector shows them. */
const named = (spans: readonly ReceivedSpan[], service: string, name: string): ReceivedSpan =>
  spans.find(span => span.service === service && span.name === name) ??
  assert.fail(`no ${service} ${name} in\n${tree(spans).join('\n')}`)

const requestOf = (reply: { readonly headers: object }) => {
  const { 'x-request-id': id } = reply.headers as Record<string, string>
  return (span: ReceivedSpan) => span.service === 'gateway' && span.attributes['sallyport.request_id'] === id
}

const aliceOutside = (scope: string) =>
  getTokens(system, { client: 'spa', username: 'alice', scope, resource: system.resources.outside })

test('one trace leads from the gateway through the authority to the doors and the policy of the service', async () => {
  const { access } = await aliceOutside('openid read:orders')
  const headers = { authorization: `Bearer ${access}`, traceparent: `00-${outsideTrace}-${outsideSpan}-01` }
  const reply = await exchange(`${system.gateway}/orders`, { headers })
  assert.equal(reply.status, 200, reply.text)
  const spans = await collector.trace(requestOf(reply), 'POST /token', 'GET /orders')
  assert.deepEqual(collector.problems, [])
  assert.deepEqual([...new Set(spans.map(({ service }) => service))].toSorted(), ['authority', 'gateway', 'orders-api'])
  const [root, ...others] = spans.filter(({ parentSpanId }) => parentSpanId === undefined)
  assert.ok(root !== undefined && others.length === 0, tree(spans).join('\n'))
  const child = (service: string, name: string, parent: ReceivedSpan): ReceivedSpan => {
    const found = spans.find(
      span => span.service === service && span.name === name && span.parentSpanId === parent.spanId,
    )
    return found ?? assert.fail(`no ${service} ${name} below ${parent.name} in\n${tree(spans).join('\n')}`)
  }
  assert.deepEqual([root.service, root.kind], ['gateway', 'server'])
  const verdict = child('gateway', 'verdict', root)
  const doorOne = child('gateway', 'door one', verdict)
  child('authority', 'POST /introspect', child('gateway', 'POST', doorOne))
  const swap = child('gateway', 'token exchange', verdict)
  child('authority', 'POST /token', child('gateway', 'POST', swap))
  const inside = child('orders-api', 'GET /orders', child('gateway', 'GET', root))
  child('orders-api', 'door one', inside)
  child('orders-api', 'policy decision', child('orders-api', 'door two', inside))
  assert.deepEqual(
    [verdict, doorOne, swap].map(({ attributes }) => attributes['sallyport.outcome']),
    ['allow', 'passed', 'exchanged'],
  )
  assert.equal(doorOne.attributes['sallyport.token'], 'first sight')
})

test('a trace from outside is not continued but linked (W3C Trace Context §4.3)', async () => {
  const headers = {
    traceparent: `00-${outsideTrace}-${outsideSpan}-01`,
    tracestate: 'sallyport=AAAAAAAAAAAAAAAAAAAAAA',
  }
  const reply = await exchange(`${system.gateway}/orders`, { headers })
  const spans = await collector.trace(requestOf(reply), 'verdict')
  const root = spans.find(requestOf(reply)) ?? assert.fail()
  assert.notEqual(root.traceId, outsideTrace)
  assert.equal(root.parentSpanId, undefined)
  assert.deepEqual(root.links, [{ traceId: outsideTrace, spanId: outsideSpan }])
  assert.equal(named(spans, 'gateway', 'verdict').attributes['sallyport.outcome'], 'token_missing')
})

test('what is remembered and kept shows as such, and nobody is asked again', async () => {
  const { access } = await aliceOutside('openid read:orders')
  const headers = { authorization: `Bearer ${access}` }
  await exchange(`${system.gateway}/orders`, { headers })
  const reply = await exchange(`${system.gateway}/orders`, { headers })
  const spans = await collector.trace(requestOf(reply), 'GET /orders')
  assert.equal(spans.filter(({ service }) => service === 'authority').length, 0, tree(spans).join('\n'))
  const first = spans.filter(({ name }) => name === 'door one').map(({ attributes }) => attributes['sallyport.token'])
  assert.deepEqual(first, ['remembered', 'remembered'])
  assert.equal(named(spans, 'gateway', 'token exchange').attributes['sallyport.outcome'], 'kept')
})

test('spans are named and described by the semantic conventions for HTTP, and by no address', async () => {
  const { access } = await aliceOutside('openid read:orders')
  const reply = await exchange(`${system.gateway}/orders/bob-1?note=hidden`, {
    headers: { authorization: `Bearer ${access}` },
  })
  assert.equal(reply.status, 404)
  const spans = await collector.trace(requestOf(reply), 'GET /orders/:id')
  const server = named(spans, 'orders-api', 'GET /orders/:id')
  const { hostname, port } = new URL(system.ordersApi)
  const { 'sallyport.request_id': _id, ...attributes } = server.attributes
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'http.response.status_code': 404,
    'url.scheme': 'http',
    'server.address': hostname,
    'server.port': Number(port),
  })
  const client = named(spans, 'gateway', 'GET')
  assert.deepEqual(client.attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 404,
    'server.address': hostname,
    'server.port': Number(port),
  })
  assert.equal(named(spans, 'orders-api', 'door two').attributes['sallyport.outcome'], 'not_found')
  assert.doesNotMatch(JSON.stringify(spans), /hidden|bob-1|alice/)
})

test('a request with a body keeps its doors below its span', async () => {
  const { access } = await aliceOutside('openid read:orders write:orders')
  const body = JSON.stringify({ items: [{ sku: 'no-such', quantity: 1 }] })
  const headers = { authorization: `Bearer ${access}`, 'content-type': 'application/json' }
  const reply = await exchange(`${system.gateway}/orders`, { method: 'POST', headers, body })
  const spans = await collector.trace(requestOf(reply), 'POST /orders')
  const server = named(spans, 'orders-api', 'POST /orders')
  assert.equal(named(spans, 'orders-api', 'door one').parentSpanId, server.spanId)
})

test('a page’s call is one trace from its back end through the gateway to the service', async () => {
  const browser = new Browser()
  await browser.signIn(`${system.app}/bff/login`, system.user('alice'))
  const reply = await browser.ask(`${system.app}/api/orders`, { headers: { 'sallyport-csrf': '1' } })
  assert.equal(reply.status, 200, reply.text)
  const isCall = (span: ReceivedSpan) => span.service === 'bff' && span.name.startsWith('GET /api/')
  const spans = await collector.trace(isCall, 'verdict', 'GET /orders')
  const call =
    spans.find(span => span.service === 'bff' && span.kind === 'client') ?? assert.fail(tree(spans).join('\n'))
  const gateway = spans.find(span => span.service === 'gateway' && span.kind === 'server') ?? assert.fail()
  assert.equal(gateway.parentSpanId, call.spanId, tree(spans).join('\n'))
  assert.deepEqual(gateway.links, [])
  assert.ok(spans.some(({ service }) => service === 'orders-api'))
})

test('health and metrics make no spans', async () => {
  for (const path of ['/livez', '/readyz', '/metrics']) await exchange(system.gateway + path)
  assert.deepEqual(
    collector.spans.filter(({ name }) => /livez|readyz|metrics/.test(name)),
    [],
  )
})

test('every line of the log is JSON, and those of a request say its id and its trace (OpenTelemetry: trace context in non-OTLP logs)', async () => {
  const reply = await exchange(`${system.gateway}/orders`)
  const [root] = (await collector.trace(requestOf(reply), 'verdict')).filter(requestOf(reply))
  const lines = readFileSync(join(system.home, 'sallyport.log'), 'utf8').trimEnd().split('\n')
  const objects = lines.map(line => JSON.parse(line))
  assert.ok(objects.length > 20)
  for (const line of objects)
    assert.deepEqual([typeof line.time, typeof line.event], ['string', 'string'], JSON.stringify(line))
  const own = objects.filter(line => line.request_id === reply.headers['x-request-id'])
  assert.deepEqual(own.map(({ event }) => event).toSorted(), ['refused', 'request'])
  for (const { trace_id, span_id } of own) assert.deepEqual([trace_id, typeof span_id], [root?.traceId, 'string'])
})
