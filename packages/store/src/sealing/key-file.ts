import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { storeErrorOfFile } from '../file-errors.ts'
import { StoreError } from '../store-error.ts'

const READABLE_BY_OTHERS = 0o077

/** Makes the file with mode 0600, whole and on disk; of two processes that do so at once, the first one's stays. */
export function createKeyFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const temporary = writeTemporary(path, `${text}\n`)
    try {
      linkSync(temporary, path)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    } finally {
      unlinkSync(temporary)
    }
    syncFolder(path)
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
}

/** Replaces the file's text in one step. */
export function writeKeyFile(path: string, text: string): void {
  try {
    renameSync(writeTemporary(path, text), path)
    syncFolder(path)
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
}

/** @throws StoreError `unusable_key` when others than the owner could read it */
export function readKeyFile(path: string): string {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & READABLE_BY_OTHERS) !== 0) {
      throw new StoreError('unusable_key', `The master key ${path} is open to other users.`, `Run: chmod 600 ${path}`)
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
}

function writeTemporary(path: string, text: string): string {
  const temporary = `${path}.${process.pid}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return temporary
}

/** A new name in a folder is durable when the folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
