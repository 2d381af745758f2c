import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addHealthRoutes } from './health.ts'
import { createListener } from './listener.ts'
import { addMetricsRoute, createMetrics } from './metrics.ts'

test('live answers at once, ready only when every part can work; both under any host name', async t => {
  let working = true
  const { app, close } = createListener({ name: 'health', origin: 'http://localhost', port: 0 })
  t.after(close)
  addHealthRoutes(app, {
    store: async () => working,
    keys: async () => (working ? true : Promise.reject(new Error('none'))),
    slow: async () => (working ? true : new Promise<boolean>(resolve => setTimeout(resolve, 10_000, true).unref())),
  })
  const ask = (url: string) => app.inject({ url, headers: { host: '10.0.0.7:4000' } })
  assert.equal((await ask('/livez')).body, 'ok\n')
  assert.deepEqual((await ask('/readyz')).json(), { ready: true, checks: { store: true, keys: true, slow: true } })
  working = false
  const answer = await ask('/readyz')
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.headers['retry-after'], '2')
  assert.deepEqual(answer.json(), { ready: false, checks: { store: false, keys: false, slow: false } })
  assert.equal((await ask('/metrics')).statusCode, 421)
})

test('metrics are in the Prometheus text format 0.0.4', async t => {
  const metrics = createMetrics()
  const decisions = metrics.counter('sallyport_decisions_total', 'Decisions\nby door.', { door: ['one', 'two'] })
  const age = metrics.gauge('sallyport_feed_age_seconds', 'Age.', {})
  const took = metrics.histogram('http_server_request_duration_seconds', 'Time.', { outcome: ['ok'] }, [0.1, 1])
  decisions.add({ door: 'one' })
  decisions.add({ door: 'one' }, 2)
  age.set({}, 1.5)
  for (const value of [0.05, 0.1, 0.5, 5]) took.observe({ outcome: 'ok' }, value)
  const { app, close } = createListener({ name: 'metrics', origin: 'http://localhost', port: 0 })
  t.after(close)
  addMetricsRoute(app, metrics)
  const answer = await app.inject('/metrics')
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(
    answer.body,
    [
      '# HELP sallyport_decisions_total Decisions\\nby door.',
      '# TYPE sallyport_decisions_total counter',
      'sallyport_decisions_total{door="one"} 3',
      '# HELP sallyport_feed_age_seconds Age.',
      '# TYPE sallyport_feed_age_seconds gauge',
      'sallyport_feed_age_seconds 1.5',
      '# HELP http_server_request_duration_seconds Time.',
      '# TYPE http_server_request_duration_seconds histogram',
      'http_server_request_duration_seconds_bucket{outcome="ok",le="0.1"} 2',
      'http_server_request_duration_seconds_bucket{outcome="ok",le="1"} 3',
      'http_server_request_duration_seconds_bucket{outcome="ok",le="+Inf"} 4',
      'http_server_request_duration_seconds_sum{outcome="ok"} 5.65',
      'http_server_request_duration_seconds_count{outcome="ok"} 4',
      '',
    ].join('\n'),
  )
})

test('an identifier never becomes a label, and a metric is declared once', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('a_total', 'A.', { door: ['one'] })
  for (const id of ['user_1', 'user_2', 'x"y']) counter.add({ door: id })
  assert.match(metrics.render(), /a_total\{door="other"\} 3/)
  assert.throws(() => metrics.counter('a_total', 'A.', {}), RangeError)
  assert.throws(() => counter.add({ door: 'one' }, -1), RangeError)
})
