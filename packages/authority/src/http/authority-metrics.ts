import { addMetricsRoute, isFromThisMachine, type Metrics, nothingHere, sendFailure } from '@sallyport/server'
import type { FastifyInstance } from 'fastify'

const methods = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']
const statuses = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** Times every answer of the authority by method, endpoint and class of status, and serves `/metrics` to this machine alone. */
export function registerMetrics(app: FastifyInstance, metrics: Metrics): void {
  const endpoints: string[] = []
  app.addHook('onRoute', route => {
    if (!endpoints.includes(route.url)) endpoints.push(route.url)
  })
  const durations = metrics.histogram('http_server_request_duration_seconds', 'Duration of requests.', {
    method: methods,
    endpoint: endpoints,
    status: statuses,
  })
  app.addHook('onRequest', async (request, reply) => {
    const hidden = request.routeOptions.url === '/metrics' && !isFromThisMachine(request.raw)
    return hidden ? sendFailure(request, reply, nothingHere) : undefined
  })
  app.addHook('onResponse', async (request, reply) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`
    const endpoint = request.routeOptions.url ?? 'none'
    durations.observe({ method: request.method, endpoint, status }, reply.elapsedTime / 1000)
  })
  addMetricsRoute(app, metrics)
}
