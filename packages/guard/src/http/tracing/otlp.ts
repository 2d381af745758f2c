import type { TraceContext } from './trace-context.ts'

/** The kinds of spans there are here, numbered as OTLP does. */
export const spanKinds = { internal: 1, server: 2, client: 3 } as const

/** A span that is over. */
export interface EndedSpan extends TraceContext {
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: (typeof spanKinds)[keyof typeof spanKinds]
  /** Unix nanoseconds. */
  readonly startedAt: bigint
  readonly endedAt: bigint
  readonly attributes: ReadonlyMap<string, string | number | boolean>
  readonly failed: boolean
  /** A trace from outside that this one was begun instead of. */
  readonly link: TraceContext | undefined
}

/** Whose spans they are. */
export interface Resource {
  readonly service: string
  readonly version: string
  /** Tells this process from others of the same service. */
  readonly instance: string
}

const sampledFlag = 1

/**
 * Spans as the body of an OTLP/HTTP request in JSON.
 *
 * @see OTLP 1.x, JSON Protobuf Encoding: ids in hexadecimal, 64-bit numbers as text, enumerations as numbers
 */
export function otlpTraces(spans: readonly (readonly [Resource, EndedSpan])[]): string {
  const groups = new Map<Resource, EndedSpan[]>()
  for (const [resource, span] of spans) {
    const group = groups.get(resource)
    if (group === undefined) groups.set(resource, [span])
    else group.push(span)
  }
  return JSON.stringify({
    resourceSpans: [...groups].map(([resource, ended]) => ({
      resource: {
        attributes: [
          attribute('service.name', resource.service),
          attribute('service.namespace', 'sallyport'),
          attribute('service.version', resource.version),
          attribute('service.instance.id', resource.instance),
        ],
      },
      scopeSpans: [{ scope: { name: 'sallyport', version: resource.version }, spans: ended.map(spanOf) }],
    })),
  })
}

function spanOf(span: EndedSpan) {
  const { traceId, spanId, parentSpanId, name, kind, startedAt, endedAt, attributes, failed, link } = span
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    flags: sampledFlag,
    name,
    kind,
    startTimeUnixNano: String(startedAt),
    endTimeUnixNano: String(endedAt),
    attributes: [...attributes].map(([key, value]) => attribute(key, value)),
    ...(link === undefined ? {} : { links: [{ traceId: link.traceId, spanId: link.spanId }] }),
    status: failed ? { code: 2 } : {},
  }
}

function attribute(key: string, value: string | number | boolean) {
  if (typeof value === 'string') return { key, value: { stringValue: value } }
  if (typeof value === 'boolean') return { key, value: { boolValue: value } }
  return { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } }
}
