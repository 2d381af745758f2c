import { connectionTrouble, isTlsTrouble } from '../connection-trouble.ts'
import { StoreError, type StoreErrorCode } from '../store-error.ts'

const RIGHTS = 'Give this user the rights, or open the store with another one.'
const ROOM = 'Free some space; nothing acknowledged is lost.'
const AWAY = 'Start it, or look at the URL and the network.'
const TLS = 'Look at sslcert and sslkey of the URL, and at whom the server trusts (ssl_ca_file).'
const POOLER = "A pooler must pool by session (PgBouncer: pool_mode = session); or name the server's own address."
const AGAIN = 'Try again; look for a transaction that is kept open.'

/** SQLSTATE codes and classes (PostgreSQL, appendix A) that an operator or a caller can do something about. */
const MEANING: Readonly<Record<string, readonly [StoreErrorCode, problem: string, hint: string]>> = {
  '25006': ['read_only', 'takes no writes: it is a standby, or read-only', 'Name the primary in the URL.'],
  '26000': ['failed', 'lacks a statement that was prepared on this connection', POOLER],
  '42P05': ['failed', 'has a statement that was not prepared on this connection', POOLER],
  '28': [
    'cannot_open',
    'refused this user',
    'Look at the user and the password or sslcert of the URL, and at pg_hba.conf.',
  ],
  '3D000': ['cannot_open', 'does not have this database', 'Make it: CREATE DATABASE … ENCODING UTF8.'],
  '42501': ['read_only', 'may not be read or written by this user', RIGHTS],
  '40': ['busy', 'undid a transaction again and again, since others wrote the same rows', AGAIN],
  '53100': ['disk_full', 'could not grow: the disk is full', ROOM],
  '53': ['busy', 'has no room for this: memory, or connections', 'Raise its limits, or open fewer connections.'],
  '54': ['invalid_write', 'cannot keep a write that large', 'Split it.'],
  '55P03': ['busy', 'kept a lock from us for too long', AGAIN],
  '57014': ['busy', 'took too long, so the statement was cancelled', AGAIN],
  '58030': ['disk_failed', 'could not read or write its disk', 'Look at the disk and the log of the server.'],
  XX001: ['corrupted', 'has damaged data', 'Stop, keep a copy, and restore a backup.'],
  XX002: ['corrupted', 'has a damaged index', 'Stop, keep a copy, and REINDEX or restore a backup.'],
}

/** The SQLSTATE of an error that the server sent, or `undefined` for one of the connection. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : ''
  return /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/**
 * Whether an error ends the connection, so that it says nothing about the statement: it came from the socket, or the
 * server is going away (classes 08 and 57P), which it may say after a commit too.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'unreachable'
  const state = sqlState(error)
  return state === undefined || state.startsWith('08') || state.startsWith('57P')
}

/**
 * What an error means to an operator; one that is clear already stays as it is.
 * @param where host and database, without the password
 */
export function storeErrorOfPostgres(error: unknown, where: string): StoreError {
  if (error instanceof StoreError) return error
  const text = connectionTrouble(error)
  const state = sqlState(error)
  if (isConnectionLoss(error)) {
    const problem = `${where} cannot be reached (${state ?? text}).`
    return new StoreError('unreachable', problem, isTlsTrouble(error) ? TLS : AWAY, { cause: error })
  }
  const meaning = MEANING[state ?? ''] ?? MEANING[state?.slice(0, 2) ?? '']
  if (meaning === undefined) {
    return new StoreError('failed', `${where}: ${text} (SQLSTATE ${state}).`, 'Please report this.', { cause: error })
  }
  const [code, problem, hint] = meaning
  return new StoreError(code, `${where} ${problem} (SQLSTATE ${state}: ${text}).`, hint, { cause: error })
}
