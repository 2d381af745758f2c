import { addMetricsRoute, type Failure, type Metrics, sendFailure } from '@sallyport/server'
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
    const hidden = request.routeOptions.url === '/metrics' && !isLoopback(request.socket.remoteAddress)
    return hidden ? sendFailure(request, reply, notHere) : undefined
  })
  app.addHook('onResponse', async (request, reply) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`
    const endpoint = request.routeOptions.url ?? 'none'
    durations.observe({ method: request.method, endpoint, status }, reply.elapsedTime / 1000)
  })
  addMetricsRoute(app, metrics)
}

const notHere: Failure = {
  status: 404,
  error: 'not_found',
  reason: 'not_found',
  description: 'There is nothing at this address.',
}

const isLoopback = (address: string | undefined): boolean =>
  address === '::1' || address === '::ffff:127.0.0.1' || address?.startsWith('127.') === true
