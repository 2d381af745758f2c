import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { PartTracer } from '../../tracer.ts'
import { type ExporterOptions, type ExportState, otlpExporter } from './exporter.ts'
import { requestSpans } from './request-spans.ts'
import { serviceTracer, type TracerRules } from './service-tracer.ts'
import type { ActiveSpan } from './span.ts'
import type { TraceContext } from './trace-context.ts'

export interface TracingOptions extends TracerRules, ExporterOptions {
  /** Version of the software, as `service.version`. */
  readonly version: string
}

/** Traces of one process. */
export interface Tracing {
  /** The tracer of a service, such as `gateway`, that is reached at `origin`: a process may hold several. */
  of(service: string, origin: string): PartTracer
  /** Where this code runs in a trace; `undefined` outside of one. */
  active(): TraceContext | undefined
  state(): ExportState
  /** Sends what is left. */
  close(): Promise<void>
}

/**
 * Opens the export of traces to a collector by OTLP/HTTP, for processes that run no OpenTelemetry SDK of their own.
 *
 * @param options.key  at least 16 bytes, the same for all parts that continue each other's traces
 */
export function openTracing(options: TracingOptions): Tracing {
  const exporter = otlpExporter(options)
  const spans = new AsyncLocalStorage<ActiveSpan>()
  const instance = randomUUID()
  return {
    of(service, origin) {
      const tracer = serviceTracer({ service, version: options.version, instance }, options, exporter, spans)
      return { ...tracer, ...requestSpans(tracer, new URL(origin)) }
    },
    active: () => spans.getStore()?.context,
    state: exporter.state,
    close: exporter.close,
  }
}
