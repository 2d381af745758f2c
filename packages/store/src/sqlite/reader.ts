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
 */
export class Reader {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()
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
      let statement = this.#statements.get(sql)
      if (statement === undefined) {
        statement = this.#database.prepare(sql)
        this.#statements.set(sql, statement)
      }
      return ask(statement)
    } catch (error) {
      throw storeErrorOfSqlite(error, this.#path)
    }
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
