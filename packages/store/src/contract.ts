/**
 * The storage contract. Every adapter passes `contract.suite.ts`.
 *
 * There is no "read, check, then mark". `peek` shows a record and authorises nothing; `take` uses it up and stores its
 * successors in one commit; `claim` is for values that callers invent. Everything that can fail is judged on what
 * `peek` showed, before the final `take`; after it only rendering is left.
 *
 * Time is Unix seconds. A write is durable (on disk, or committed) when its promise resolves.
 */
export interface Store {
  /** The store as one tenant sees it: the tenant is part of every key. */
  of(tenant: string): TenantStore
  /** Ends background work and closes files; what was acknowledged before stays. */
  close(): Promise<void>
}

export interface TenantStore {
  /** Shows a record; an expired or unknown one is `undefined`, a used one is shown with its `usedAt`. */
  peek<V = unknown>(kind: string, key: string): MaybePromise<Stored<V> | undefined>

  /**
   * Uses a record up and commits `effects` with it: exactly one caller wins, on every adapter and from every process.
   * A loser's effects are not written. `lost` shows the record and when it was first used.
   */
  take<V = unknown>(kind: string, key: string, effects: { put: readonly Write[] }): Promise<Taken<V>>

  /** First use of a value that a caller invented (a proof's `jti`): an insert that only one can win until `expiresAt`. */
  claim(kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'>

  /** Writes all or nothing. `conflict` names the first write whose condition did not hold. */
  commit(writes: readonly Write[]): Promise<Committed>

  /** Live records of a kind in key order, a page at a time; with `index`, those whose index has that value. */
  list<V = unknown>(kind: string, page: Page): MaybePromise<Listed<V>>

  /** Entries of a stream after `seq`, in the order of their commits, and the stream's last number. */
  read<V = unknown>(stream: string, after: number, limit: number): MaybePromise<StreamPage<V>>

  /** Calls back after commits that appended to `stream`, in this process or another; returns how to stop. */
  watch(stream: string, onAppend: () => void): () => void
}

export type MaybePromise<T> = T | Promise<T>

/** A record to be stored. `index` makes it findable by `list`; values there are not sealed. */
export interface NewRecord<V = unknown> {
  readonly kind: string
  readonly key: string
  /** JSON. Kinds that the store was opened with as `sealed` are encrypted at rest. */
  readonly value: V
  /** Unix seconds after which the record answers as unknown and is removed; absent: kept until removed. */
  readonly expiresAt?: number
  readonly index?: Readonly<Record<string, string>>
}

export interface Stored<V = unknown> {
  readonly kind: string
  readonly key: string
  readonly value: V
  /** Grows with each write of the record; what `replace` compares. */
  readonly version: number
  readonly expiresAt: number | undefined
  /** Unix seconds of the `take` that won, or `undefined` while unused. */
  readonly usedAt: number | undefined
}

export type Write =
  /** Stored whatever was there before. */
  | { readonly put: NewRecord }
  /** Stored only where no live record has this key. */
  | { readonly insert: NewRecord }
  /** Stored only over the given version. */
  | { readonly replace: NewRecord; readonly version: number }
  | { readonly remove: { readonly kind: string; readonly key: string } }
  /** The next entry of an ordered stream (the revocation feed reads one). */
  | { readonly append: { readonly stream: string; readonly value: unknown; readonly expiresAt: number } }

export type Committed =
  | { readonly committed: true }
  | { readonly conflict: { readonly kind: string; readonly key: string } }

export type Taken<V = unknown> =
  | { readonly won: Stored<V> }
  | { readonly lost: { readonly record: Stored<V>; readonly firstUsedAt: number } }
  | { readonly unknown: true }

export interface Page {
  readonly index?: readonly [name: string, value: string]
  /** The key after which the page begins. */
  readonly after?: string
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
