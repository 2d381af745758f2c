import type { AuditRecord, ChainHead } from './record.ts'

/** Places in chains, by writer. */
export type ChainPlaces = Readonly<Record<string, ChainHead>>

/**
 * The audit trail: records, one JSON object a line, each holding the hash of the one before it. Every writer (a process,
 * or a connection of one) has a chain of its own, so no two of them wait for each other.
 */
export interface AuditTrail {
  /**
   * Adds a record that goes with no write. Resolves when it is durable; many records share one sync.
   * @throws StoreError `disk_full`, `disk_failed`, `invalid_write`, `closed`, or what the adapter's writes throw: then
   *   nothing may be answered that the record was to vouch for. It may still be found in the trail, as an attempt.
   */
  append(record: AuditRecord): Promise<void>

  /**
   * All lines, of each chain in its order, with all that was acknowledged before the call. Each has its newline; one
   * without was being written, or left so by a crash.
   */
  lines(): AsyncIterable<Uint8Array>

  /** The ends of all chains, for a checkpoint; of another running process as far as it has told the database. */
  heads(): Promise<ChainPlaces>

  /**
   * The last records that may be dropped when all older than `before` (Unix seconds) go. Whole blocks or
   * closed files go, never the newest.
   */
  droppable(before: number): Promise<ChainPlaces>

  /** Drops records up to these, once a signed checkpoint says so. */
  drop(upTo: ChainPlaces): Promise<void>
}

/** Under which name this process writes the trail. */
export interface AuditTrailOptions {
  /** The name of this process's chain; one process at a time writes under it. */
  readonly writer: string
}

/** The same for a trail in a file. */
export interface FileTrailOptions extends AuditTrailOptions {
  /** Made with mode 0600, its folder with 0700, when missing. */
  readonly path: string
}

/** A trail in a file that is only read: nothing is written there, not even to repair it. */
export type ReadFileTrail = Pick<FileTrailOptions, 'path'>
