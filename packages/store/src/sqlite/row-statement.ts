import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'

/** The columns of a row, in the order in which the statement names them. */
export type Columns = readonly SQLOutputValue[]

/** A statement whose rows are arrays. */
export interface RowStatement {
  run(...parameters: SQLInputValue[]): { readonly changes: number | bigint }
  get(...parameters: SQLInputValue[]): Columns | undefined
  all(...parameters: SQLInputValue[]): readonly Columns[]
}

/**
 * Prepares a statement. A row as an array is a quarter cheaper than as an object, and leaves nothing behind: each object
 * that node:sqlite makes of a row leaves some forty bytes among V8's old objects, which a busy process then has to collect
 * every few seconds, everybody waiting.
 */
export function prepareRows(database: DatabaseSync, sql: string): RowStatement {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  const prepared: object = statement // its types know of no arrays
  return prepared as RowStatement
}
