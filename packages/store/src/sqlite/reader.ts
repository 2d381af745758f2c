import type { DatabaseSync } from 'node:sqlite'
import type { RecordColumns } from '../record-codec.ts'
import { StoreError } from '../store-error.ts'
import { openForReading } from './connection.ts'
import { HotRows, NO_ROW } from './hot-rows.ts'
import { type Columns, prepareRows, type RowStatement } from './row-statement.ts'
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
 * Reads of one round of the event loop see one snapshot: what a read transaction of its own costs each of them, two locks of
 * the file, is paid once. Whoever learns of a commit of this process ends it first (`endSnapshot`), so no answer hides one
 * that was given before. While nobody commits, a row that is read again and again is remembered (docs/decisions/0029).
 */
export class Reader {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, RowStatement>()
  /** Of the snapshot that is or was open. */
  #snapshotVersion = 0
  /** Of that version, by tenant, kind and key. */
  readonly #hot = new HotRows()
  #isSnapshotOpen = false
  #closed = false

  constructor(path: string) {
    this.#path = path
    this.#database = openForReading(path)
  }

  peek(tenant: string, kind: string, key: string, now: number): Row | undefined {
    this.#see()
    const name = `${tenant}\0${kind}\0${key}`
    const known = this.#hot.find(name)
    if (known !== undefined) return known !== NO_ROW && isLive(known, now) ? known : undefined
    const found = this.#run(SQL.peek, statement => statement.get(tenant, kind, key, now))
    const row = found === undefined ? undefined : recordRow(found)
    this.#hot.read(name, row)
    return row
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
    return Number(this.#all(SQL.lastSeq, tenant, stream)[0]?.[0] ?? 0)
  }

  entries(tenant: string, stream: string, after: number, upTo: number, now: number, limit: number) {
    const rows = this.#all(SQL.read, tenant, stream, after, upTo, now, limit)
    return rows.map(([seq, value]) => ({ seq: Number(seq), value: String(value) }))
  }

  /** A number that changes with every commit of another connection, in any process. */
  dataVersion(): number {
    this.#see()
    return this.#snapshotVersion
  }

  /** Sealed records of all tenants after a place, in the order of their names. */
  sealedAfter(tenant: string, kind: string, key: string, limit: number) {
    const rows = this.#all(SQL.sealedAfter, tenant, kind, key, limit)
    return rows.map(([ofTenant, ofKind, ofKey, value]) => ({
      tenant: String(ofTenant),
      kind: String(ofKind),
      key: String(ofKey),
      value: String(value),
    }))
  }

  /** Whoever reads next sees what is committed by then. */
  endSnapshot(): void {
    if (!this.#isSnapshotOpen) return
    this.#isSnapshotOpen = false
    try {
      this.#statement(SQL.commit).run()
    } catch {
      // A damaged file. Nothing was written that could be lost, and whoever reads next is told of the damage.
      if (this.#database.isTransaction) this.#statement(SQL.rollback).run()
    }
  }

  close(): void {
    this.endSnapshot()
    this.#closed = true
    this.#statements.clear()
    this.#database.close()
  }

  #all(sql: string, ...parameters: (string | number)[]): readonly Columns[] {
    return this.#run(sql, statement => statement.all(...parameters))
  }

  #run<T>(sql: string, ask: (statement: RowStatement) => T): T {
    this.#see()
    return this.#asked(() => ask(this.#statement(sql)))
  }

  #asked<T>(ask: () => T): T {
    try {
      return ask()
    } catch (error) {
      throw storeErrorOfSqlite(error, this.#path)
    }
  }

  /** Begins a snapshot, unless there is one, and forgets what is remembered of another state of the file. */
  #see(): void {
    if (this.#closed) throw new StoreError('closed', 'The store is closed.', 'Open it again.')
    if (this.#isSnapshotOpen) return
    this.#asked(() => {
      this.#statement(SQL.beginReading).run()
      this.#isSnapshotOpen = true
      setImmediate(() => this.endSnapshot())
      const before = this.#snapshotVersion
      this.#snapshotVersion = Number.NaN // of a file that does not tell, nothing is remembered
      try {
        this.#snapshotVersion = Number(this.#statement(SQL.dataVersion).get()?.[0])
      } finally {
        if (this.#snapshotVersion !== before) this.#hot.forget()
      }
    })
  }

  #statement(sql: string): RowStatement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const prepared = prepareRows(this.#database, sql)
    this.#statements.set(sql, prepared)
    return prepared
  }
}

function isLive({ expiresAt }: Row, now: number): boolean {
  return expiresAt === undefined || expiresAt > now
}

function recordRow([key, value, version, expiresAt, usedAt]: Columns): Row {
  return {
    key: String(key),
    value: String(value),
    version: Number(version),
    expiresAt: expiresAt === null ? undefined : Number(expiresAt),
    usedAt: usedAt === null ? undefined : Number(usedAt),
  }
}
