import type { Span } from '../../tracer.ts'
import type { EndedSpan } from './otlp.ts'
import type { TraceContext } from './trace-context.ts'

export interface SpanBeginning extends Pick<EndedSpan, 'name' | 'kind' | 'parentSpanId' | 'link'> {
  readonly context: TraceContext
  readonly attributes: Readonly<Record<string, string | number | boolean>> | undefined
}

/** Unix nanoseconds of the moment that `process.hrtime` counts from. */
const epoch = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
const now = (): bigint => epoch + process.hrtime.bigint()

/** A longer text is cut: an attribute is a word or an id. */
const maxText = 256

/** A span under way. One that is not recorded only says where it is, so that what it calls is not recorded either. */
export class ActiveSpan implements Span {
  name: string
  readonly context: TraceContext
  readonly #recorded: Recorded | undefined

  constructor(beginning: SpanBeginning, onEnd: (span: EndedSpan) => void) {
    this.name = beginning.name
    this.context = beginning.context
    if (!beginning.context.sampled) return
    const attributes = new Map(Object.entries(beginning.attributes ?? {}))
    this.#recorded = { beginning, attributes, startedAt: now(), failed: false, ended: false, onEnd }
  }

  setAttribute(name: string, value: string | number | boolean): void {
    this.#recorded?.attributes.set(name, typeof value === 'string' ? value.slice(0, maxText) : value)
  }

  setStatus({ code }: { readonly code: 2 }): void {
    if (this.#recorded !== undefined) this.#recorded.failed = code === 2
  }

  end(): void {
    const recorded = this.#recorded
    if (recorded === undefined || recorded.ended) return
    recorded.ended = true
    const { kind, parentSpanId, link } = recorded.beginning
    const { attributes, startedAt, failed } = recorded
    recorded.onEnd({
      ...this.context,
      name: this.name,
      kind,
      parentSpanId,
      link,
      attributes,
      startedAt,
      failed,
      endedAt: now(),
    })
  }
}

interface Recorded {
  readonly beginning: SpanBeginning
  readonly attributes: Map<string, string | number | boolean>
  readonly startedAt: bigint
  failed: boolean
  ended: boolean
  readonly onEnd: (span: EndedSpan) => void
}
