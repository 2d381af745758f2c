import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { storeErrorOfFile } from '../file-errors.ts'
import { StoreError } from '../store-error.ts'
import { migrate } from './migrations.ts'
import { storeErrorOfSqlite } from './sqlite-errors.ts'
import { SQL } from './statements.ts'

/** How long a connection waits for the writer of another process. */
export const BUSY_TIMEOUT_MS = 15_000

/** Opens (and makes, with mode 0600) the database for writing, at the newest version of the schema. */
export function openForWriting(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    useWriteAheadLog(database, path)
    migrate(database, path)
    return database
  } catch (error) {
    database?.close()
    throw error instanceof Error && 'errcode' in error ? storeErrorOfSqlite(error, path) : storeErrorOfFile(error, path)
  }
}

/** Opens the database for reading only, after a writer has opened it. */
export function openForReading(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  } catch (error) {
    throw storeErrorOfSqlite(error, path)
  }
}

/**
 * The switch to WAL takes an exclusive lock and does not always wait for it, so two processes that make one database
 * at once can be told "locked": one tries again.
 */
function useWriteAheadLog(database: DatabaseSync, path: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let left = BUSY_TIMEOUT_MS / 20; ; left -= 1) {
    try {
      database.exec(SQL.pragmas)
      break
    } catch (error) {
      if (left <= 0 || storeErrorOfSqlite(error, path).code !== 'busy') throw error
      Atomics.wait(pause, 0, 0, 20)
    }
  }
  const mode = database.prepare(SQL.journalMode).get()?.journal_mode
  if (mode !== 'wal') {
    const problem = `${path} is on a file system that cannot share memory between processes (journal mode ${mode}).`
    throw new StoreError('cannot_open', problem, 'Choose a data folder on a local disk.')
  }
}
