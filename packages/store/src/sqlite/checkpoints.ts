import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BUSY_TIMEOUT_MS } from './connection.ts'
import { SQL } from './statements.ts'

/** What a checkpoint may take: who comes next waits for it. Under the lower bound it is worth more pages, over the upper one fewer. */
const WELCOME_MS = 1
const TOLERATED_MS = 2

/** Pages that are in the log alone when it is time for a checkpoint: at first, at least, and at most. */
const FIRST_PAGES = 128
const FEWEST_PAGES = 64
const MOST_PAGES = 1024

/** Pages that the log may grow to, 32 MiB, before readers are waited for. */
const LONGEST_LOG = 8192

/**
 * How long a write waits for the rounds in which others read, and how often. Once is not enough: SQLite waits for a place in
 * its list of readers, which new readers may share; when it looks again it sees that they have all of the log. Somebody who
 * reads for longer, a backup, is left alone.
 */
const WAIT_MS = 60
const WAITS = 4

/**
 * When pages go from the write-ahead log to their places in the file: after the answer to who wrote them, and as many at
 * once as the disk takes in a few milliseconds, which is some where each lies elsewhere and many where they are the same
 * ones again (docs/decisions/0027).
 *
 * It bounds the log too, of a store whose readers are never all away at once: each holds its snapshot for a round of the event loop
 * (docs/decisions/0029), and under a load that takes all of the processor the next round follows at once. SQLite begins its
 * log anew only when nobody reads from it, and a checkpoint waits for nobody, so the log would grow without end.
 */
export class Checkpoints {
  readonly #database: DatabaseSync
  readonly #nowMs: () => number
  readonly #look: StatementSync
  readonly #checkpoint: StatementSync
  readonly #beginAnew: StatementSync
  #duePages = FIRST_PAGES
  #boundPages = LONGEST_LOG

  /** @param database  as it was opened for writing. @param nowMs  of a clock that only goes forward */
  constructor(database: DatabaseSync, nowMs: () => number) {
    this.#database = database
    this.#nowMs = nowMs
    this.#look = database.prepare(SQL.logLength)
    this.#checkpoint = database.prepare(SQL.checkpoint)
    this.#beginAnew = database.prepare(SQL.beginLogAnew)
  }

  /** After a commit, outside of any transaction. It throws nothing: the log is whole, whatever its length. */
  committed(): void {
    try {
      const { pages, placed } = counted(this.#look)
      this.#boundPages = Math.min(this.#boundPages, pages + LONGEST_LOG) // SQLite may have begun it anew by itself
      if (pages - placed >= this.#duePages) this.#place()
      if (pages >= this.#boundPages && !this.#bound()) this.#boundPages = pages + LONGEST_LOG
    } catch {
      // A disk that takes nothing more. The next commit meets it, and says so to whoever waits for it.
      this.#duePages = FEWEST_PAGES
    }
  }

  #place(): void {
    const began = this.#nowMs()
    const { pages, placed } = counted(this.#checkpoint)
    const took = this.#nowMs() - began
    if (took > TOLERATED_MS) this.#duePages = Math.max(FEWEST_PAGES, this.#duePages / 2)
    // Of one that was cut short, by who reads what was before or by another process, only that it was long says something.
    if (took < WELCOME_MS && pages >= 0 && placed === pages) this.#duePages = Math.min(MOST_PAGES, this.#duePages * 2)
  }

  #bound(): boolean {
    this.#database.exec(`PRAGMA busy_timeout = ${WAIT_MS}`)
    try {
      for (let waits = 0; waits < WAITS; waits += 1) if (this.#beginAnew.get()?.busy === 0) return true
      return false
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }
}

/** How many pages the log holds, and how many of those are in their places. -1 each before the first commit. */
function counted(statement: StatementSync): { readonly pages: number; readonly placed: number } {
  const { log, checkpointed } = statement.get() ?? {}
  return { pages: Number(log), placed: Number(checkpointed) }
}
