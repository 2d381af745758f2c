import type { IncomingMessage, ServerResponse } from 'node:http'

/** One step of a request's way, as OpenTelemetry knows it; a span of its API fits. */
export interface Span {
  setAttribute(name: string, value: string | number | boolean): unknown
  /** 2 is an error; nothing else is ever said. */
  setStatus(status: { readonly code: 2 }): unknown
  end(): void
}

export interface SpanOptions {
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
}

/**
 * Where spans go. A tracer of `@opentelemetry/api` fits as it is, so a service that runs an OpenTelemetry SDK passes
 * `trace.getTracer('sallyport')` and finds the doors below its own spans; others open one of `@sallyport/guard/tracing`.
 * No span is given a token, a claim or a part of an address that may hold one.
 *
 * @see docs/decisions/0014-traces-by-a-tracer-that-is-passed-in.md
 */
export interface Tracer {
  /** Runs `run` with a new span as the active one; `run` ends it. */
  startActiveSpan<T>(name: string, options: SpanOptions, run: (span: Span) => T): T
  /**
   * Sends a request inside a client span, with the headers that continue the trace there. Absent where an SDK
   * instruments what is sent by itself.
   */
  readonly call?: <T>(call: OutgoingCall<T>) => Promise<T>
}

/** A request that is about to be sent. */
export interface OutgoingCall<T> {
  readonly method: string
  readonly url: URL
  /** Sends it, with these headers besides its own. */
  send(headers: Readonly<Record<string, string>>): Promise<T>
  /** The status of what came back. */
  status(answer: T): number
}

/** A request under way to another part. */
export interface OutgoingSpan {
  /** What continues the trace there; what a caller said of a trace is to be left out. */
  readonly headers: Readonly<Record<string, string>>
  /** The status of what comes back. */
  answered(status: number): void
  /** Why nothing comes back, as the name or code of an error. */
  failed(type: string): void
  end(): void
}

/** What a part of a system is given: spans of its own, of what it sends, and of what it receives. */
export interface PartTracer extends Required<Tracer> {
  /** Begins the span of a request to be sent. */
  outgoing(method: string, url: URL): OutgoingSpan
  /** Runs the handling of a request inside its span, which ends with the response. */
  receive(request: IncomingMessage, response: ServerResponse, handle: () => void): void
  /** Says the route's pattern and the request's id, once they are known. */
  name(request: IncomingMessage, route: string, requestId: string): void
}
