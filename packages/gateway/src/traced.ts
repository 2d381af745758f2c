import { type PartTracer, type Span, spanned, type Tracer } from '@sallyport/guard'
import type { Dispatcher } from 'undici'
import { codeOf, type Upstreams } from './http/upstreams.ts'
import type { ExchangeFailure, PhantomTokens } from './phantom-tokens.ts'
import { continued } from './rules/forwarded-headers.ts'
import type { judge, Verdict } from './verdict.ts'

/** The verdict with a span that says what it was, and for which route; never by whom or for whom. */
export function tracedJudge(judged: typeof judge, tracer: Tracer): typeof judge {
  return (edge, request) => spanned(tracer, 'verdict', () => judged(edge, request), describeVerdict)
}

function describeVerdict(span: Span, verdict: Verdict): void {
  const forwarded = verdict.kind === 'forward'
  span.setAttribute('sallyport.outcome', forwarded ? 'allow' : (verdict.refused ?? 'answered'))
  if (forwarded) span.setAttribute('sallyport.route', verdict.route.prefix)
  else if (verdict.answer.status >= 500) span.setStatus({ code: 2 })
}

/** The token for inside with a span that says whether it was kept or had to be asked for. */
export function tracedPhantomTokens(phantom: PhantomTokens, tracer: Tracer): PhantomTokens {
  return {
    for: (known, token, audience) =>
      spanned(
        tracer,
        'token exchange',
        span => {
          const swapped = phantom.for(known, token, audience)
          span.setAttribute('sallyport.outcome', swapped instanceof Promise ? 'exchanged' : 'kept')
          return swapped
        },
        describeExchange,
      ),
    get size() {
      return phantom.size
    },
  }
}

function describeExchange(span: Span, answer: string | ExchangeFailure): void {
  if (typeof answer === 'string') return
  span.setAttribute('sallyport.outcome', answer.failed)
  if (answer.failed === 'unavailable') span.setStatus({ code: 2 })
}

/** Connections whose requests continue the trace inside, in a span for each attempt. */
export function tracedUpstreams(upstreams: Upstreams, tracer: PartTracer): Upstreams {
  return {
    of(origin) {
      const pool = upstreams.of(origin)
      return {
        dispatch(options, handler) {
          const span = tracer.outgoing(options.method, new URL(origin))
          const sent = Array.isArray(options.headers) ? options.headers : []
          return pool.dispatch({ ...options, headers: continued(sent, span.headers) }, watched(handler, span))
        },
      }
    },
    destroy: () => upstreams.destroy(),
  }
}

function watched(
  handler: Dispatcher.DispatchHandler,
  span: ReturnType<PartTracer['outgoing']>,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart(controller, status, headers, message) {
      if (status >= 200) span.answered(status)
      return handler.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd(controller, trailers) {
      span.end()
      return handler.onResponseEnd?.(controller, trailers)
    },
    onResponseError(controller, error) {
      span.failed(codeOf(error))
      span.end()
      return handler.onResponseError?.(controller, error)
    },
  }
}
