import type { Link } from './link.ts'
import type { Statement } from './statements.ts'

/** Rows that one sweep removes of each table at most, so that no transaction is long. */
const SWEEP_ROWS_MAX = 1_000
const SWEEP_EVERY_SECONDS = 10

/** What has expired is kept this long: another machine, whose clock is behind, may still count on a claim. */
const SWEEP_GRACE_SECONDS = 60

/**
 * Keeps the tables bounded: removes what has expired, in batches, on a connection of its own. A lease in the database
 * lets one process sweep at a time. Writes start it when it is due, by the store's clock, and a timer does in a quiet
 * store. While batches come back full the next one follows at once, so removal keeps up with any rate of writes.
 */
export class Sweeper {
  readonly #link: Link
  readonly #sweep: Statement
  readonly #nowSeconds: () => number
  readonly #timer: NodeJS.Timeout
  #nextAt = 0
  #sweeping: Promise<void> | undefined
  #closed = false

  constructor(link: Link, sweep: Statement, nowSeconds: () => number) {
    this.#link = link
    this.#sweep = sweep
    this.#nowSeconds = nowSeconds
    this.#timer = setInterval(() => this.sweepIfDue(), SWEEP_EVERY_SECONDS * 1000)
    this.#timer.unref()
  }

  sweepIfDue(): void {
    const now = this.#nowSeconds()
    if (this.#closed || this.#sweeping !== undefined || now < this.#nextAt) return
    this.#nextAt = now + SWEEP_EVERY_SECONDS
    // A sweep that failed is tried again when it is next due; whoever writes meets the same error and reports it.
    const ended = () => {
      this.#sweeping = undefined
    }
    this.#sweeping = this.#sweepAll(now - SWEEP_GRACE_SECONDS).then(ended, ended)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closed = true
    await this.#sweeping
    await this.#link.close()
  }

  async #sweepAll(before: number): Promise<void> {
    for (let removed = SWEEP_ROWS_MAX; removed === SWEEP_ROWS_MAX && !this.#closed; ) {
      const [row] = await this.#link.write(this.#sweep, [before, SWEEP_ROWS_MAX])
      removed = Number(row?.removed)
    }
  }
}
