import type { AuditRecord } from './audit/record.ts'
import type { AuditTrail } from './audit/trail.ts'

/**
 * The storage contract. Every adapter passes `contract.suite.ts`.
 *
 * There is no "read, check, then mark". `peek` shows a record and authorises nothing; `take` uses it up and stores its
 * successors in one commit; `claim` is for values that callers invent. Everything that can fail is judged on what
 * `peek` showed, before the final `take`; after it only rendering is left.
 *
 * Time is Unix seconds. A write is durable (on disk, or committed) when its promise resolves. Trouble with the disk or the
 * database, and a write that no adapter can keep, reject with a `StoreError`; no verb of a tenant but `watch` throws.
 *
 * Names (tenants, kinds, keys, hashes, streams, indexes and their values) are any strings of 1 to 1,024 bytes of UTF-8. A
 * name that is not is unknown to every reading verb and an error (`invalid_write`) to every writing one. Keys that
 * sort by time are several times cheaper to insert than random ones.
 */
export interface Store {
  /** The store as one tenant sees it: the tenant is part of every key. Cheap; to be called for each request. */
  of(tenant: string): TenantStore
  /** What was done and by whom, for all tenants; records come with `take` and `commit`, or alone by `append`. */
  readonly audit: AuditTrail
  /** Ends background work and closes files; what was acknowledged before stays. */
  close(): Promise<void>
}

export interface TenantStore {
  /** Shows a record; an expired or unknown one is `undefined`, a used one is shown with its `usedAt`. */
  peek<V = unknown>(kind: string, key: string): MaybePromise<Stored<V> | undefined>

  /**
   * Shows a record and those that its value names, as they are at one moment and in one round trip: a token, say, with the
   * account it is about. The answer has the names of `references`; what is not there is `undefined`.
   */
  peekWith<P extends PeekedWith>(kind: string, key: string, references: References): MaybePromise<P | undefined>

  /**
   * Uses a record up and commits `effects` with it: exactly one caller wins, on every adapter and from every process.
   * A loser's effects are not written. `lost` shows the record and when it was first used; a used record is kept until
   * its expiry. When a condition among the effects (`insert`, `replace`) does not hold, nothing is taken.
   *
   * `audit` is part of the commit: the winner's record is in the trail, and nobody else's is. `along` shows the winner who
   * stands behind what it took, at a moment after the commit, in the same round trip where names
   * can be read by the server: whatever was ended before the commit
   * is seen as ended, and whoever ends something after it finds what the commit wrote.
   * @throws StoreError `conflict` then: peek again and judge again
   */
  take<V = unknown>(kind: string, key: string, effects: Effects): Promise<Taken<V>>

  /**
   * First use of a value that a caller invented (a proof's `jti`): an insert that only one can win. It is remembered
   * through the second `expiresAt`, so that whatever accepts a value at its last second still finds it used; a claim
   * whose `expiresAt` has passed is `lost`.
   */
  claim(kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'>

  /**
   * Writes all or nothing, in order, and `audit` with them. `conflict` names the first write whose condition did not
   * hold; nothing is in the trail then.
   */
  commit(writes: readonly Write[], vouched?: Vouched): Promise<Committed>

  /**
   * Records of a kind that have not expired, used ones too, in the order of their keys by code point, a page at a time;
   * with `index`, those whose index has that value.
   */
  list<V = unknown>(kind: string, page: Page): MaybePromise<Listed<V>>

  /**
   * Entries of a stream after the number `after`, in the order of their commits, and the stream's last number (0 before
   * the first). Numbers have no gaps but those of entries that expired; every live entry up to `last` can be read.
   */
  read<V = unknown>(stream: string, after: number, limit: number): MaybePromise<StreamPage<V>>

  /**
   * Calls back after commits that appended to `stream`, at once for this process and within 100 ms for another; several
   * commits may share one call, so the callback reads on from where it was. Returns how to stop.
   */
  watch(stream: string, onAppend: () => void): () => void
}

/**
 * Pages as they were a moment ago, for people and exports, from where the load of a listing is welcome. Whatever decides,
 * or ends what it finds, asks `list`: the verb here has a name of its own, so that none of that can be handed this instead
 * (docs/decisions/0026).
 */
export interface LaggingStore {
  /** What `list` gave a moment ago: at most about a minute, usually milliseconds. */
  listLagging<V = unknown>(kind: string, page: Page): Promise<Listed<V>>
}

/**
 * What was done, on record: durable together with the writes, in one sync or round trip.
 * @throws StoreError `invalid_write` of the verb, for a record over 64 KiB or a store that was opened without a trail
 */
export interface Vouched {
  readonly audit?: AuditRecord | undefined
}

/** What a take brings with it. */
export interface Effects extends Vouched {
  readonly put: readonly Write[]
  /** Records that the taken one names, to be looked at after the commit. */
  readonly along?: References | undefined
}

export type MaybePromise<T> = T | Promise<T>

/** A record to be stored. `index` makes it findable by `list`; values there are not sealed. */
export interface NewRecord<V = unknown> {
  readonly kind: string
  readonly key: string
  /** JSON of at most 16 MiB. Kinds that the store was opened with as sealed are encrypted at rest. */
  readonly value: V
  /** Unix seconds from which on the record answers as unknown and is removed; absent: kept until removed. */
  readonly expiresAt?: number
  readonly index?: Readonly<Record<string, string>>
}

export interface Stored<V = unknown> {
  readonly kind: string
  readonly key: string
  readonly value: V
  /** Grows with each write of the record, also over its removal; what `replace` compares. */
  readonly version: number
  readonly expiresAt: number | undefined
  /** Unix seconds of the `take` that won, or `undefined` while unused. */
  readonly usedAt: number | undefined
}

/** How a record names another one. */
export interface Reference {
  readonly kind: string
  /** Where the other's key is in the value: a member, and members of it. Anything but text there names nothing. */
  readonly path: readonly string[]
  /** What stands before it in the key. */
  readonly prefix?: string
  /** What the other one names in turn. */
  readonly along?: References
}

export type References = Readonly<Record<string, Reference>>

/** A record and those it names. */
export interface PeekedWith<V = unknown, A = Along> {
  readonly record: Stored<V>
  readonly along: A
}

export interface Along {
  readonly [name: string]: PeekedWith | undefined
}

export type Write =
  /** Stored whatever was there before, as an unused record. */
  | { readonly put: NewRecord }
  /** Stored only where no record has this key, or an expired one. */
  | { readonly insert: NewRecord }
  /** Stored only over the given version of a record that has not expired; whether it was used stays. */
  | { readonly replace: NewRecord; readonly version: number }
  | { readonly remove: { readonly kind: string; readonly key: string } }
  /** The next entry of an ordered stream (the revocation feed reads one), gone from `expiresAt` on. */
  | { readonly append: { readonly stream: string; readonly value: unknown; readonly expiresAt: number } }

export type Committed =
  | { readonly committed: true }
  | { readonly conflict: { readonly kind: string; readonly key: string } }

export type Taken<V = unknown> =
  /** `along` where it was asked for. */
  | { readonly won: Stored<V>; readonly along?: Along }
  | { readonly lost: { readonly record: Stored<V>; readonly firstUsedAt: number } }
  | { readonly unknown: true }

export interface Page {
  /** Only the records whose index `name` has this value. */
  readonly index?: readonly [name: string, value: string]
  /** The key after which the page begins. */
  readonly after?: string
  /** 1 to 10,000. */
  readonly limit: number
}

export interface Listed<V = unknown> {
  readonly records: readonly Stored<V>[]
  /** Pass as `after` for the next page; absent on the last. */
  readonly next: string | undefined
}

export interface StreamPage<V = unknown> {
  readonly entries: readonly { readonly seq: number; readonly value: V }[]
  readonly last: number
}
