import type { AsyncLocalStorage } from 'node:async_hooks'
import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { OutgoingSpan, PartTracer, Span, SpanOptions, Tracer } from '../../tracer.ts'
import type { SpanExporter } from './exporter.ts'
import { type Resource, spanKinds } from './otlp.ts'
import { ActiveSpan, type SpanBeginning } from './span.ts'
import { readTraceparent, type TraceContext, writeTraceparent } from './trace-context.ts'

/** What a part begins traces and spans by. */
export interface TracerRules {
  /** Of 0 to 1: how many of the traces that begin here are recorded. */
  readonly ratio: number
  /** Whether a trace that came from outside is continued, or a new one is begun that names it (a link). */
  readonly incoming: 'link' | 'continue'
  /** Marks what our own parts send to each other, so that it is continued whatever `incoming` says. */
  readonly key: Uint8Array | undefined
}

export interface ServiceTracer extends Required<Tracer>, Pick<PartTracer, 'outgoing'> {
  /** Begins the span of a request that came in; it is not active before `within`. */
  begin(name: string, headers: IncomingHttpHeaders, options: SpanOptions): Span
  /** Runs `run` with this span as the active one: for frameworks that lose it between their hooks. */
  within<T>(span: Span, run: () => T): T
  rename(span: Span, name: string): void
}

/** The tracer of one service of this process. */
export function serviceTracer(
  resource: Resource,
  rules: TracerRules,
  exporter: SpanExporter,
  active: AsyncLocalStorage<ActiveSpan>,
): ServiceTracer {
  const start = (beginning: SpanBeginning): ActiveSpan =>
    new ActiveSpan(beginning, ended => exporter.add(resource, ended))
  const child = (name: string, kind: SpanBeginning['kind'], { attributes }: SpanOptions): ActiveSpan => {
    const parent = active.getStore()?.context
    return start({ name, kind, attributes, link: undefined, ...placed(parent, parent?.sampled ?? drawn(rules.ratio)) })
  }
  const client = (method: string, url: URL): ActiveSpan =>
    child(method, spanKinds.client, { attributes: { 'http.request.method': method, ...serverAttributes(url) } })
  return {
    startActiveSpan(name, options, run) {
      const span = child(name, spanKinds.internal, options)
      return active.run(span, () => run(span))
    },
    outgoing: (method, url) => outgoing(client(method, url), rules.key),
    async call({ method, url, send, status }) {
      const span = client(method, url)
      const sent = outgoing(span, rules.key)
      try {
        const answer = await active.run(span, () => send(sent.headers))
        sent.answered(status(answer))
        return answer
      } catch (error) {
        sent.failed(error instanceof Error ? error.name : '_OTHER')
        throw error
      } finally {
        sent.end()
      }
    },
    begin(name, headers, { attributes }) {
      const from = readTraceparent(headers.traceparent)
      const trusted =
        from !== undefined && (rules.incoming === 'continue' || isOurs(from, headers.tracestate, rules.key))
      const parent = trusted ? from : undefined
      const link = trusted ? undefined : from
      const place = placed(parent, parent?.sampled ?? drawn(rules.ratio))
      return start({ name, kind: spanKinds.server, attributes, link, ...place })
    },
    within: (span, run) => (span instanceof ActiveSpan ? active.run(span, run) : run()),
    rename(span, name) {
      if (span instanceof ActiveSpan) span.name = name
    },
  }
}

function outgoing(span: ActiveSpan, key: Uint8Array | undefined): OutgoingSpan {
  const traceparent = writeTraceparent(span.context)
  return {
    headers: key === undefined ? { traceparent } : { traceparent, tracestate: `${member}=${mark(traceparent, key)}` },
    answered(status) {
      span.setAttribute('http.response.status_code', status)
      if (status >= 400) span.setStatus({ code: 2 })
    },
    failed(type) {
      span.setAttribute('error.type', type)
      span.setStatus({ code: 2 })
    },
    end: () => span.end(),
  }
}

/** Which server is asked or answers (semantic conventions: server.address, server.port). */
export function serverAttributes({ protocol, hostname, port }: URL): Record<string, string | number> {
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  return { 'server.address': hostname, 'server.port': number }
}

function placed(parent: TraceContext | undefined, sampled: boolean) {
  const context: TraceContext = { traceId: parent?.traceId ?? newId(16), spanId: newId(8), sampled }
  return { context, parentSpanId: parent?.spanId }
}

const drawnBytes = Buffer.alloc(4096)
let at = drawnBytes.length

/** Random bytes as hexadecimal digits, drawn 4 KiB at a time. */
function newId(bytes: 8 | 16): string {
  if (at + bytes > drawnBytes.length) {
    randomFillSync(drawnBytes)
    at = 0
  }
  at += bytes
  return drawnBytes.toString('hex', at - bytes, at)
}

const drawn = (ratio: number): boolean => ratio >= 1 || (ratio > 0 && Math.random() < ratio)

/** Our member of `tracestate` (W3C Trace Context §3.3): it proves that a part with the same key sent the traceparent. */
const member = 'sallyport'

function mark(traceparent: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(traceparent).digest('base64url').slice(0, 22)
}

function isOurs(from: TraceContext, tracestate: unknown, key: Uint8Array | undefined): boolean {
  if (key === undefined || typeof tracestate !== 'string') return false
  const said = /(?:^|,)\s*sallyport=([\w-]{22})\s*(?:,|$)/.exec(tracestate.slice(0, 512))?.[1]
  return said !== undefined && timingSafeEqual(Buffer.from(said), Buffer.from(mark(writeTraceparent(from), key)))
}
