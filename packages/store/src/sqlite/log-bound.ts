import { realpathSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { BUSY_TIMEOUT_MS } from './connection.ts'
import { SQL } from './statements.ts'

/** What the log may grow to before readers are waited for. SQLite begins it anew after half a megabyte, when nobody reads by chance. */
const LONGEST_BYTES = 32 * 1024 * 1024

/**
 * How long a write waits for the turns in which others read, and how often. Once is not enough: SQLite waits for a place in
 * its list of readers, which new readers may share; when it looks again it sees that they have all of the log. Somebody who
 * reads for longer, a backup, is left alone.
 */
const WAIT_MS = 60
const WAITS = 4

/**
 * Bounds the write-ahead log of a store whose readers are never all away at once: each holds its snapshot for a turn
 * (docs/decisions/0023), and under a load that takes all of the processor the next turn follows at once. SQLite's own
 * checkpoints wait for nobody, so the log would grow without end.
 */
export class LogBound {
  readonly #database: DatabaseSync
  readonly #log: string
  #tryAtBytes = LONGEST_BYTES

  /** @param database  as it was opened for writing */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#log = `${realpathSync(path)}-wal`
  }

  /** After a commit, outside of any transaction. It throws nothing: the log is whole, whatever its length. */
  committed(): void {
    const bytes = statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0
    if (bytes < this.#tryAtBytes) return
    this.#tryAtBytes = this.#beginAnew() ? LONGEST_BYTES : bytes + LONGEST_BYTES
  }

  #beginAnew(): boolean {
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${WAIT_MS}`)
      const beginAnew = this.#database.prepare(SQL.beginLogAnew)
      for (let waits = 0; waits < WAITS; waits += 1) if (beginAnew.get()?.busy === 0) return true
      return false
    } catch {
      // A disk that takes nothing more. The next commit meets it, and says so to whoever waits for it.
      return false
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  }
}
