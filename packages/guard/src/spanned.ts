import { chain, type MaybePromise } from './maybe-promise.ts'
import type { Span, Tracer } from './tracer.ts'

/** Runs a step inside a span of its own, which ends when the answer is there, at once or later, or when there will be none. */
export function spanned<T>(
  tracer: Tracer,
  name: string,
  run: (span: Span) => MaybePromise<T>,
  describe: (span: Span, answer: T) => void,
): MaybePromise<T> {
  return tracer.startActiveSpan(name, {}, span => {
    const failed = (error: unknown): never => {
      span.setStatus({ code: 2 })
      span.end()
      throw error
    }
    let answer: MaybePromise<T>
    try {
      answer = run(span)
    } catch (error) {
      return failed(error)
    }
    const sure = answer instanceof Promise ? answer.catch(failed) : answer
    return chain(sure, value => {
      describe(span, value)
      span.end()
      return value
    })
  })
}
