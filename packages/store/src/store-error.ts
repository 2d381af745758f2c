/** What went wrong with the data on disk or in a database. Each code is one thing that an operator or a caller does. */
export type StoreErrorCode =
  /** The store was closed; nothing was written. */
  | 'closed'
  /** Another process held the database longer than the busy timeout, or won again and again; nothing was written. */
  | 'busy'
  | 'read_only'
  | 'corrupted'
  | 'disk_full'
  /** The disk or file system refused a write or a sync for another reason. */
  | 'disk_failed'
  | 'cannot_open'
  /** A database or cache elsewhere does not answer; nothing was written. */
  | 'unreachable'
  /**
   * The connection was lost while a write was under way: it is committed as a whole, or not at all. Or it is committed, and what
   * was to be seen after it was not.
   */
  | 'outcome_unknown'
  /** The file was written by a newer release. */
  | 'newer_database'
  /** The file is a database, but not of this store. */
  | 'foreign_database'
  /** The store that rows are to be moved into has some already. */
  | 'not_empty'
  | 'missing_key'
  | 'wrong_key'
  /** The key is there but cannot be used: readable by others, malformed, or given where it cannot be changed. */
  | 'unusable_key'
  /** A sealed value was changed, moved to another record, or is not sealed where it must be. */
  | 'unsealed'
  /** The caller's own mistake: a name or value that no adapter can keep. */
  | 'invalid_write'
  /** A condition among the effects of `take` did not hold; nothing was taken. */
  | 'conflict'
  | 'failed'

/** Troubles that end without a new release or another request. */
const away: ReadonlySet<StoreErrorCode> = new Set([
  'busy',
  'closed',
  'disk_full',
  'outcome_unknown',
  'read_only',
  'unreachable',
])

/**
 * An error of the store. The message says in one line what is wrong and what to do; it holds no value and no secret.
 * Retrying is right for `busy` and `unreachable`, and for `conflict` and `outcome_unknown` after a new `peek`.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** For who answers over HTTP: 503 where waiting helps, since it may be over soon (RFC 9110 §15.6.4). */
  readonly statusCode: 503 | undefined
  readonly code: StoreErrorCode
  /** What to do about it, as a sentence. */
  readonly hint: string

  constructor(code: StoreErrorCode, problem: string, hint: string, options?: ErrorOptions) {
    super(`${problem} ${hint}`, options)
    this.code = code
    this.statusCode = away.has(code) ? 503 : undefined
    this.hint = hint
  }
}
