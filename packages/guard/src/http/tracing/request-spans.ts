import type { IncomingMessage } from 'node:http'
import type { PartTracer, Span } from '../../tracer.ts'
import { type ServiceTracer, serverAttributes } from './service-tracer.ts'

/** Methods that a span may name; any other is `_OTHER` (semantic conventions for HTTP, http.request.method). */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Asked every few seconds by machines, and of no interest. */
const quiet: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics'])

/**
 * A span for every request that a server answers, active while it is handled. It is named by the route's pattern and never
 * by the address, which may hold anything.
 *
 * @param origin  the listener's configured one; what `Host` says is not believed
 * @see OpenTelemetry semantic conventions for HTTP spans: HTTP server
 */
export function requestSpans(tracer: ServiceTracer, origin: URL): Pick<PartTracer, 'receive' | 'name'> {
  const spans = new WeakMap<IncomingMessage, Span>()
  const usual = { 'url.scheme': origin.protocol.slice(0, -1), ...serverAttributes(origin) }
  return {
    receive(request, response, handle) {
      if (quiet.has(request.url ?? '')) return handle()
      const method = methodOf(request) ?? '_OTHER'
      const attributes = { 'http.request.method': method, ...usual }
      const span = tracer.begin(methodOf(request) ?? 'HTTP', request.headers, { attributes })
      spans.set(request, span)
      response.once('close', () => {
        if (response.headersSent) span.setAttribute('http.response.status_code', response.statusCode)
        if (!response.writableFinished) span.setAttribute('error.type', 'aborted')
        if (!response.writableFinished || response.statusCode >= 500) span.setStatus({ code: 2 })
        span.end()
      })
      // What is heard of a body, or of the answer's end, is heard outside of the span that asked for it.
      for (const emitter of [request, response]) {
        const { emit } = emitter
        emitter.emit = (...said: Parameters<typeof emit>) => tracer.within(span, () => emit.apply(emitter, said))
      }
      return tracer.within(span, handle)
    },
    name(request, route, requestId) {
      const span = spans.get(request)
      if (span === undefined) return
      span.setAttribute('sallyport.request_id', requestId)
      if (route === 'none') return
      span.setAttribute('http.route', route)
      tracer.rename(span, `${methodOf(request) ?? 'HTTP'} ${route}`)
    },
  }
}

function methodOf({ method = '' }: IncomingMessage): string | undefined {
  return methods.has(method) ? method : undefined
}
