import type { GroupWriter } from './group-writer.ts'
import { pack } from './packing.ts'

/** Rows that one sweep removes of each table at most, so that no group waits long for one. */
const SWEEP_ROWS_MAX = 500
const SWEEP_EVERY_SECONDS = 10

/**
 * Keeps the tables bounded: the writer removes what has expired, in bounded batches between other operations. Writes
 * start it when it is due, by the store's clock, and a timer does in a quiet store. While batches come back full the
 * next one follows at once, in the next group, so removal keeps up with any rate of writes.
 */
export class Sweeper {
  readonly #writer: GroupWriter
  readonly #nowSeconds: () => number
  readonly #timer: NodeJS.Timeout
  #nextAt = 0
  #busy = false

  constructor(writer: GroupWriter, nowSeconds: () => number) {
    this.#writer = writer
    this.#nowSeconds = nowSeconds
    this.#timer = setInterval(() => this.sweepIfDue(), SWEEP_EVERY_SECONDS * 1000)
    this.#timer.unref()
  }

  sweepIfDue(): void {
    const now = this.#nowSeconds()
    if (this.#busy || now < this.#nextAt) return
    this.#nextAt = now + SWEEP_EVERY_SECONDS
    this.#busy = true
    this.#sweep()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#busy = true
  }

  #sweep(): void {
    const removed = this.#writer.submit(pack(['sweep', String(SWEEP_ROWS_MAX)]), verdict => verdict.integer())
    const again = (rows: number) => {
      if (rows === SWEEP_ROWS_MAX) this.#sweep()
      else this.#busy = false
    }
    // A sweep that failed is tried again when it is next due; whoever writes meets the same error and reports it.
    removed.then(again, () => again(0))
  }
}
