import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createListener } from './listener.ts'
import { createMetrics } from './metrics.ts'
import { serveMetrics } from './served-metrics.ts'

test('answers are counted by endpoint and never by what a caller sends, and /metrics is for this machine alone', async t => {
  const listener = createListener({ name: 'authority', origin: 'http://localhost:4000', port: 0 })
  serveMetrics(listener, createMetrics())
  listener.app.get('/users/:id', async () => 'x')
  t.after(() => listener.close())
  const ask = (url: string, remoteAddress = '127.0.0.1', headers = {}) =>
    listener.app.inject({ url, remoteAddress, headers: { host: 'localhost:4000', ...headers } })
  await ask('/users/alice')
  await ask('/nothing-like-this')
  const { statusCode, body } = await ask('/metrics')
  assert.equal(statusCode, 200)
  assert.match(body, /http_server_request_duration_seconds_count\{[^}]*endpoint="\/users\/:id"[^}]*\} 1/)
  assert.match(body, /endpoint="other"/)
  assert.doesNotMatch(body, /alice|nothing-like-this/)
  assert.equal((await ask('/metrics', '192.0.2.7')).statusCode, 404)
  const passedOn = await ask('/metrics', '127.0.0.1', { 'x-forwarded-for': '192.0.2.7' })
  assert.equal(passedOn.statusCode, 404, 'by a proxy on this machine')
})
