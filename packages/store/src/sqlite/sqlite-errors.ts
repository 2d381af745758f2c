import { StoreError, type StoreErrorCode } from '../store-error.ts'

const PRIMARY_CODE = 0xff

/** SQLite's primary result codes (sqlite.org/rescode.html) that an operator can do something about. */
const MEANING: Readonly<Record<number, readonly [StoreErrorCode, problem: string, hint: string]>> = {
  5: ['busy', 'is held by another process', 'Try again; look for a process that keeps a transaction open.'],
  6: ['busy', 'is held by another process', 'Try again; look for a process that keeps a transaction open.'],
  8: [
    'read_only',
    'may not be written',
    'Give this user the rights on the file and its folder, or choose another one.',
  ],
  10: ['disk_failed', 'could not be read or written', 'Look at the disk: its space, its limits, and the system log.'],
  11: ['corrupted', 'is damaged', 'Stop, keep a copy of the file, and restore a backup.'],
  13: ['disk_full', 'could not grow: the disk is full', 'Free some space; nothing acknowledged is lost.'],
  14: ['cannot_open', 'could not be opened', 'Look at the path and at the rights on the file and its folder.'],
  26: ['corrupted', 'is not a database, or damaged', 'Stop, keep a copy of the file, and restore a backup.'],
}

/** What an error of SQLite means to an operator; an error that is clear already stays as it is. */
export function storeErrorOfSqlite(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const number = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
  const text = error instanceof Error ? error.message : String(error)
  const meaning = MEANING[number & PRIMARY_CODE]
  if (meaning === undefined) {
    return new StoreError('failed', `${path}: ${text} (SQLite ${number}).`, 'Please report this.', { cause: error })
  }
  const [code, problem, hint] = meaning
  return new StoreError(code, `${path} ${problem} (SQLite ${number}: ${text}).`, hint, { cause: error })
}
