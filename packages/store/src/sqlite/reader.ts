import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { RecordColumns } from '../record-codec.ts'
import { StoreError } from '../store-error.ts'
import { openForReading } from './connection.ts'
import { storeErrorOfSqlite } from './sqlite-errors.ts'
import { SQL } from './statements.ts'

export interface Row extends RecordColumns {
  /** As spelled. */
  readonly key: string
}

/**
 * Reads on the main thread, from a connection that cannot write: a point read costs microseconds, less than a message
 * to a thread. Only `get` and `all`, never an open cursor: that would hide what was committed since.
 *
 * Reads of one turn (a callback of the event loop, with the promises it settles) see one snapshot: what a read transaction
 * of its own costs each of them, two locks of the file, is paid once. No news can come within a turn, from the writer
 * thread or from a client of another process, so nothing is hidden (docs/decisions/0023).
 */
export class Reader {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()
  #isSnapshotOpen = false
  #closed = false

  constructor(path: string) {
    this.#path = path
    this.#database = openForReading(path)
  }

  peek(tenant: string, kind: string, key: string, now: number): Row | undefined {
    const row = this.#run(SQL.peek, statement => statement.get(tenant, kind, key, now))
    return row === undefined ? undefined : recordRow(row)
  }

  list(tenant: string, kind: string, after: string, now: number, limit: number): readonly Row[] {
    return this.#all(SQL.list, tenant, kind, after, now, limit).map(recordRow)
  }

  listByIndex(
    tenant: string,
    kind: string,
    index: readonly [name: string, value: string],
    after: string,
    now: number,
    limit: number,
  ): readonly Row[] {
    return this.#all(SQL.listByIndex, tenant, kind, ...index, after, now, limit).map(recordRow)
  }

  lastSeq(tenant: string, stream: string): number {
    return Number(this.#all(SQL.lastSeq, tenant, stream)[0]?.last ?? 0)
  }

  entries(tenant: string, stream: string, after: number, upTo: number, now: number, limit: number) {
    const rows = this.#all(SQL.read, tenant, stream, after, upTo, now, limit)
    return rows.map(row => ({ seq: Number(row.seq), value: String(row.value) }))
  }

  /** A number that changes with every commit of another connection, in any process. */
  dataVersion(): number {
    return Number(this.#all(SQL.dataVersion)[0]?.data_version)
  }

  /** Sealed records of all tenants after a place, in the order of their names. */
  sealedAfter(tenant: string, kind: string, key: string, limit: number) {
    const rows = this.#all(SQL.sealedAfter, tenant, kind, key, limit)
    return rows.map(row => ({
      tenant: String(row.tenant),
      kind: String(row.kind),
      key: String(row.key),
      value: String(row.value),
    }))
  }

  close(): void {
    this.#endSnapshot()
    this.#closed = true
    this.#statements.clear()
    this.#database.close()
  }

  #all(sql: string, ...parameters: (string | number)[]): Record<string, SQLOutputValue>[] {
    return this.#run(sql, statement => statement.all(...parameters))
  }

  #run<T>(sql: string, ask: (statement: StatementSync) => T): T {
    if (this.#closed) throw new StoreError('closed', 'The store is closed.', 'Open it again.')
    try {
      if (!this.#isSnapshotOpen) this.#beginSnapshot()
      return ask(this.#statement(sql))
    } catch (error) {
      throw storeErrorOfSqlite(error, this.#path)
    }
  }

  /**
   * Until the next tick. One that promises ask for comes after all promises of the turn; one that the callback itself asks for
   * comes before them, and they begin another snapshot.
   */
  #beginSnapshot(): void {
    this.#statement(SQL.beginReading).run()
    this.#isSnapshotOpen = true
    process.nextTick(() => this.#endSnapshot())
  }

  #endSnapshot(): void {
    if (!this.#isSnapshotOpen) return
    this.#isSnapshotOpen = false
    try {
      this.#statement(SQL.commit).run()
    } catch {
      // A damaged file. Nothing was written that could be lost, and whoever reads next is told of the damage.
      if (this.#database.isTransaction) this.#statement(SQL.rollback).run()
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const prepared = this.#database.prepare(sql)
    this.#statements.set(sql, prepared)
    return prepared
  }
}

function recordRow(row: Record<string, SQLOutputValue>): Row {
  return {
    key: String(row.key),
    value: String(row.value),
    version: Number(row.version),
    expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
    usedAt: row.used_at === null ? undefined : Number(row.used_at),
  }
}
