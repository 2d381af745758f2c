import { nothingHere, sendFailure } from './failure.ts'
import type { Listener } from './listener.ts'
import { addMetricsRoute, type Metrics } from './metrics.ts'
import { isFromThisMachine } from './this-machine.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const statuses = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** Times every answer of a listener by method, endpoint and class of status, counts who was turned away, and serves `/metrics` to this machine alone. */
export function serveMetrics(
  { app, onAnswered, onShed }: Pick<Listener, 'app' | 'onAnswered' | 'onShed'>,
  metrics: Metrics,
): void {
  const endpoints: string[] = []
  app.addHook('onRoute', route => {
    if (!endpoints.includes(route.url)) endpoints.push(route.url)
  })
  const durations = metrics.histogram('http_server_request_duration_seconds', 'Duration of requests.', {
    method: methods,
    endpoint: endpoints,
    status: statuses,
  })
  app.addHook('onRequest', (request, reply, done) => {
    const hidden = request.routeOptions.url === '/metrics' && !isFromThisMachine(request.raw)
    if (hidden) sendFailure(request, reply, nothingHere)
    else done()
  })
  onAnswered((method, endpoint, code, seconds) => {
    const status = statuses[Math.trunc(code / 100) - 1] ?? 'other'
    durations.observe({ method, endpoint, status }, seconds)
  })
  const shed = metrics.counter('http_server_shed_total', 'Requests turned away because of overload.', {})
  onShed(() => shed.add({}))
  addMetricsRoute(app, metrics)
}
