import { StoreError, type StoreErrorCode } from './store-error.ts'

const MEANING: Readonly<Record<string, readonly [StoreErrorCode, problem: string, hint: string]>> = {
  EACCES: [
    'read_only',
    'may not be written or read by this user',
    'Give this user the rights, or choose another data folder.',
  ],
  EPERM: [
    'read_only',
    'may not be written or read by this user',
    'Give this user the rights, or choose another data folder.',
  ],
  EROFS: ['read_only', 'is on a read-only file system', 'Choose another data folder, or mount this one writable.'],
  ENOSPC: ['disk_full', 'could not be written: the disk is full', 'Free some space; nothing acknowledged is lost.'],
  EDQUOT: ['disk_full', 'could not be written: the quota is used up', 'Free some space; nothing acknowledged is lost.'],
  EFBIG: [
    'disk_full',
    'has reached the size limit of this process',
    'Raise the limit (ulimit -f); nothing acknowledged is lost.',
  ],
  ENOTDIR: ['cannot_open', 'is not in a folder', 'Choose another data folder.'],
  EISDIR: ['cannot_open', 'is a folder', 'Choose another path.'],
}

/** What an error of the file system means to an operator; an error that is clear already stays as it is. */
export function storeErrorOfFile(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const meaning = MEANING[code]
  if (meaning !== undefined)
    return new StoreError(meaning[0], `${path} ${meaning[1]} (${code}).`, meaning[2], { cause: error })
  const text = error instanceof Error ? error.message : String(error)
  return new StoreError('disk_failed', `${path} failed: ${text}.`, 'Look at the disk and the system log.', {
    cause: error,
  })
}
