import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import type { EndedSpan } from './otlp.ts'
import { serviceTracer, type TracerRules } from './service-tracer.ts'
import type { ActiveSpan } from './span.ts'

const resource = { service: 'part', version: '1', instance: 'one' }
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${trace}-00f067aa0ba902b7-01`

function part(rules: Partial<TracerRules> = {}) {
  const ended: EndedSpan[] = []
  const exporter = {
    add: (_resource: object, span: EndedSpan) => void ended.push(span),
    state: () => ({ sent: 0, dropped: 0, queued: 0 }),
    close: async () => undefined,
  }
  const complete = { ratio: 1, incoming: 'link', key: undefined, ...rules } as const
  return { ended, tracer: serviceTracer(resource, complete, exporter, new AsyncLocalStorage<ActiveSpan>()) }
}

/** The headers that a part sends along. */
async function sentBy({ tracer }: ReturnType<typeof part>): Promise<Record<string, string>> {
  let sent = {}
  const send = async (headers: object) => {
    sent = headers
  }
  await tracer.call({ method: 'GET', url: new URL('http://service.test'), send, status: () => 200 })
  return sent
}

test('a trace from outside is linked by default, and continued where that is configured', () => {
  const linking = part()
  linking.tracer.begin('GET /', { traceparent }, {}).end()
  assert.deepEqual([linking.ended[0]?.link?.traceId, linking.ended[0]?.parentSpanId], [trace, undefined])
  assert.notEqual(linking.ended[0]?.traceId, trace)
  const continuing = part({ incoming: 'continue' })
  continuing.tracer.begin('GET /', { traceparent }, {}).end()
  assert.deepEqual([continuing.ended[0]?.traceId, continuing.ended[0]?.link], [trace, undefined])
})

test('what a part with the same key sent is continued, and nothing that only says so', async () => {
  const key = new Uint8Array(32).fill(7)
  const sent = await sentBy(part({ key }))
  const continues = (rules: Partial<TracerRules>, headers: Record<string, string>): boolean => {
    const { tracer, ended } = part(rules)
    tracer.begin('GET /', headers, {}).end()
    return ended[0]?.traceId === sent.traceparent?.slice(3, 35)
  }
  assert.equal(continues({ key }, sent), true)
  assert.equal(continues({ key }, { ...sent, tracestate: `vendor=1, ${sent.tracestate}` }), true)
  assert.equal(continues({ key: new Uint8Array(32).fill(8) }, sent), false)
  assert.equal(continues({}, sent), false)
  assert.equal(continues({ key }, { ...sent, tracestate: 'sallyport=AAAAAAAAAAAAAAAAAAAAAA' }), false)
  const flipped = `${sent.traceparent?.slice(0, -1)}0`
  assert.equal(continues({ key }, { ...sent, traceparent: flipped }), false, 'the flag is proven too')
})

test('a trace that is not recorded here is not recorded further on, and costs no span (W3C Trace Context §3.2.2.5)', async () => {
  const silent = part({ ratio: 0 })
  const sent = await sentBy(silent)
  assert.match(sent.traceparent ?? '', /-00$/)
  const next = part({ incoming: 'continue' })
  next.tracer.begin('GET /', sent, {}).end()
  assert.deepEqual([silent.ended.length, next.ended.length], [0, 0])
})

test('a ratio records about that many of the traces', () => {
  const { tracer, ended } = part({ ratio: 0.25 })
  for (let count = 0; count < 4000; count += 1) tracer.startActiveSpan('step', {}, span => span.end())
  assert.ok(ended.length > 800 && ended.length < 1200, `${ended.length} of 4000`)
})

test('a span ends once, holds cut texts, and says a call that failed', async () => {
  const { tracer, ended } = part()
  tracer.startActiveSpan('step', { attributes: { long: 'x' } }, span => {
    span.setAttribute('long', 'x'.repeat(1000))
    span.end()
    span.end()
  })
  assert.equal(ended.length, 1)
  assert.equal(String(ended[0]?.attributes.get('long')).length, 256)
  const send = () => Promise.reject(new TypeError('refused'))
  const call = tracer.call({ method: 'GET', url: new URL('https://service.test'), send, status: () => 200 })
  await assert.rejects(call, TypeError)
  const [, span] = ended
  assert.deepEqual(
    [span?.failed, span?.attributes.get('error.type'), span?.attributes.get('server.port')],
    [true, 'TypeError', 443],
  )
})
