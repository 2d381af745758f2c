import { type EndedSpan, otlpTraces, type Resource } from './otlp.ts'

/** What became of the spans so far. */
export interface ExportState {
  readonly sent: number
  /** Lost, because the collector was not there and the queue was full, or because it took them not. */
  readonly dropped: number
  readonly queued: number
}

export interface SpanExporter {
  add(resource: Resource, span: EndedSpan): void
  state(): ExportState
  /** Sends what is there, for two seconds at most. */
  close(): Promise<void>
}

export interface ExporterOptions {
  /** Where OTLP/HTTP takes traces, such as `http://localhost:4318/v1/traces`. */
  readonly endpoint: string
  /** Hears once of a collector that does not take spans, and once of its return. */
  onChange(event: 'traces_not_sent' | 'traces_sent_again', got: string): void
}

const maxQueued = 4096
const maxInOne = 512
const everyMs = 2_000
const answerMs = 5_000
const closeMs = 2_000
/** Statuses after which the same spans may be sent again (OTLP/HTTP, Retryable Response Codes). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Sends spans to a collector, many at a time. Nothing waits for it: the queue is bounded, what does not fit is counted and
 * forgotten, and a collector that is away costs one attempt every two seconds.
 */
export function otlpExporter(options: ExporterOptions): SpanExporter {
  let queue: (readonly [Resource, EndedSpan])[] = []
  let sent = 0
  let dropped = 0
  let failing = false
  let sending: Promise<void> | undefined

  const send = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, maxInOne)
      queue = queue.slice(maxInOne)
      const outcome = await post(options.endpoint, otlpTraces(batch))
      if (outcome.taken) {
        sent += batch.length
        if (failing) options.onChange('traces_sent_again', outcome.got)
        failing = false
        continue
      }
      if (!failing) options.onChange('traces_not_sent', outcome.got)
      failing = true
      if (outcome.again) queue = [...batch, ...queue]
      else dropped += batch.length
      dropped += Math.max(0, queue.length - maxQueued)
      queue = queue.slice(0, maxQueued)
      return
    }
  }
  const flush = (): Promise<void> => {
    sending ??= send().finally(() => {
      sending = undefined
    })
    return sending
  }
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()

  return {
    add(resource, span) {
      if (queue.length >= maxQueued) {
        dropped += 1
        return
      }
      queue.push([resource, span])
      if (queue.length >= maxInOne && !failing) void flush()
    },
    state: () => ({ sent, dropped, queued: queue.length }),
    async close() {
      clearInterval(timer)
      const late = Promise.withResolvers<void>()
      const limit = setTimeout(late.resolve, closeMs)
      const underWay = sending ?? Promise.resolve()
      await Promise.race([underWay.then(flush), late.promise])
      clearTimeout(limit)
    },
  }
}

async function post(
  endpoint: string,
  body: string,
): Promise<{ readonly taken: boolean; readonly again: boolean; readonly got: string }> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(answerMs),
    })
    await response.body?.cancel()
    return { taken: response.ok, again: retryable.has(response.status), got: `status ${response.status}` }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer'
    return { taken: false, again: true, got: cause }
  }
}
