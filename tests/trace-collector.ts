import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A span as it arrived, with its service. */
export interface ReceivedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client'
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly failed: boolean
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly milliseconds: number
}

export interface TraceCollector {
  readonly endpoint: string
  readonly spans: readonly ReceivedSpan[]
  /** Every body, as it came. */
  readonly bodies: readonly string[]
  /** What made a request no OTLP. */
  readonly problems: readonly string[]
  /** Waits until a span fits, and gives all of its trace once spans of these names are there: processes send apart. */
  trace(fits: (span: ReceivedSpan) => boolean, ...names: readonly string[]): Promise<readonly ReceivedSpan[]>
  close(): Promise<void>
}

const kinds = ['unspecified', 'internal', 'server', 'client'] as const
const waitMs = 15_000

/** A collector that takes traces by OTLP/HTTP in JSON, and holds each message to the protocol. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const problems: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      bodies.push(text)
      try {
        if (request.method !== 'POST' || request.url !== '/v1/traces')
          throw new Error(`${request.method} ${request.url}`)
        if (request.headers['content-type'] !== 'application/json') throw new Error('not JSON by its type')
        spans.push(...readTraces(JSON.parse(text)))
      } catch (error) {
        problems.push(String(error))
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    bodies,
    problems,
    async trace(fits, ...names) {
      for (let waited = 0; waited < waitMs; waited += 50) {
        const found = spans.find(fits)
        const whole = spans.filter(({ traceId }) => traceId === found?.traceId)
        if (found !== undefined && names.every(name => whole.some(span => span.name === name))) return whole
        await wait(50)
      }
      throw new Error(`no such trace among ${JSON.stringify(spans, null, 1)}`)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

type Json = Readonly<Record<string, unknown>>

function readTraces(body: Json): readonly ReceivedSpan[] {
  return list(body, 'resourceSpans').flatMap(group => {
    const service = attributesIn(member(group, 'resource'))['service.name']
    if (typeof service !== 'string') throw new Error('a resource without service.name')
    return list(group, 'scopeSpans').flatMap(scope => {
      if (typeof member(scope, 'scope').name !== 'string') throw new Error('a scope without a name')
      return list(scope, 'spans').map(span => readSpan(span, service))
    })
  })
}

function readSpan(span: Json, service: string): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano } = span
  const kindWord = typeof kind === 'number' ? kinds[kind] : undefined
  if (typeof traceId !== 'string' || !/^[0-9a-f]{32}$/.test(traceId)) throw new Error(`traceId ${traceId}`)
  if (typeof spanId !== 'string' || !/^[0-9a-f]{16}$/.test(spanId)) throw new Error(`spanId ${spanId}`)
  if (parentSpanId !== undefined && (typeof parentSpanId !== 'string' || !/^[0-9a-f]{16}$/.test(parentSpanId)))
    throw new Error(`parentSpanId ${parentSpanId}`)
  if (typeof name !== 'string' || name === '') throw new Error('a span without a name')
  if (kindWord === undefined || kindWord === 'unspecified') throw new Error(`kind ${kind}`)
  const [from, to] = [startTimeUnixNano, endTimeUnixNano].map(time => {
    if (typeof time !== 'string' || !/^\d{19}$/.test(time)) throw new Error(`time ${time}`)
    return BigInt(time)
  })
  const milliseconds = Number((to ?? 0n) - (from ?? 0n)) / 1e6
  if (milliseconds < 0) throw new Error(`${name} ended before it began`)
  const links = list(span, 'links').map(link => ({ traceId: String(link.traceId), spanId: String(link.spanId) }))
  const failed = member(span, 'status').code === 2
  const attributes = attributesIn(span)
  return { service, traceId, spanId, parentSpanId, name, kind: kindWord, attributes, failed, links, milliseconds }
}

function attributesIn(owner: Json): Record<string, string | number | boolean> {
  return Object.fromEntries(
    list(owner, 'attributes').map(({ key, value }) => {
      if (typeof key !== 'string' || typeof value !== 'object' || value === null) throw new Error(`attribute ${key}`)
      return [key, plainValue(Object.entries(value))]
    }),
  )
}

/** An AnyValue has exactly one member, and 64-bit numbers are text. */
function plainValue([one, ...more]: readonly (readonly [string, unknown])[]): string | number | boolean {
  const [kind, value] = one ?? []
  if (more.length === 0 && kind === 'stringValue' && typeof value === 'string') return value
  if (more.length === 0 && kind === 'boolValue' && typeof value === 'boolean') return value
  if (more.length === 0 && kind === 'doubleValue' && typeof value === 'number') return value
  if (more.length === 0 && kind === 'intValue' && typeof value === 'string') return Number(value)
  throw new Error(`value ${kind} ${String(value)}`)
}

function list(owner: Json, name: string): readonly Json[] {
  const value = owner[name] ?? []
  if (!Array.isArray(value)) throw new Error(`${name} is no list`)
  return value
}

function member(owner: Json, name: string): Json {
  const value = owner[name] ?? {}
  if (typeof value !== 'object') throw new Error(`${name} is no object`)
  return value as Json
}
