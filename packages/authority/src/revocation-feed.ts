import { type FeedMessage, type RevocationEntry, signFeedMessage, snapshotMessages } from '@sallyport/credentials'
import type { AuthorityContext } from './context.ts'
import { type FeedKeys, feedKeys } from './feed-keys.ts'
import { revocationStream } from './revocations.ts'

/** Takes messages of the feed, each one line. */
export interface FeedListener {
  /** @returns false when it cannot keep up: it is dropped and may come back with what it has */
  send(lines: readonly string[]): boolean
  /** Told when the feed drops it. */
  drop(): void
}

/** Where a returning listener stopped (`?after=epoch.seq`). */
export interface FeedResume {
  readonly epoch: string
  readonly seq: number
}

export interface RevocationFeed {
  /**
   * Adds a listener and sends it all it needs to begin: the feed's key, then what it missed or a snapshot.
   *
   * @returns how to leave, or `full` when there are too many
   */
  join(listener: FeedListener, resume: FeedResume | undefined): Promise<(() => void) | 'full'>
  /** The messages that introduce the feed's key, for pinning. */
  introduction(): Promise<readonly string[]>
  /** Sends a heartbeat, and before it whatever was committed anywhere since the last one. */
  beat(): Promise<void>
  close(): void
}

const maxListeners = 1000
/** Entries that a returning listener may have missed before it gets a snapshot instead: each is signed for it alone. */
const maxMissed = 100
const pageSize = 500

/**
 * The revocation feed (DECISIONS "Revocation feed"): every listener gets the same signed messages, each signed once.
 * Entries come from the store's stream, so any process of the authority serves all of them, in the order of their commits.
 *
 * The epoch is this process's own (docs/decisions/0006): a listener that comes from another process, or from before a restart or a restored
 * backup, gets a new snapshot and never a wrong continuation. When the store itself goes back under a running process, as
 * with a replica that took over before it had all, the process begins a new epoch.
 */
export async function openRevocationFeed(context: AuthorityContext): Promise<RevocationFeed> {
  const { last } = await context.store.read(revocationStream, Number.MAX_SAFE_INTEGER, 1)
  return new StoreFeed(context, last)
}

const newEpoch = ({ random }: AuthorityContext): string => Buffer.from(random(9)).toString('base64url')

class StoreFeed implements RevocationFeed {
  readonly #context: AuthorityContext
  readonly #listeners = new Set<FeedListener>()
  readonly #unwatch: () => void
  #epoch: string
  #seq: number
  /** The key that listeners know. */
  #kid: string | undefined
  #running: Promise<void> = Promise.resolve()
  /** The last one, for whoever else comes in the same second. */
  #snapshot: Snapshot | undefined

  constructor(context: AuthorityContext, seq: number) {
    this.#context = context
    this.#epoch = newEpoch(context)
    this.#seq = seq
    this.#unwatch = context.store.watch(revocationStream, () => {
      this.#inTurn(() => this.#catchUp()).catch((cause: unknown) =>
        context.log.error('revocation_feed_failed', { cause }),
      )
    })
  }

  join(listener: FeedListener, resume: FeedResume | undefined): Promise<(() => void) | 'full'> {
    if (this.#listeners.size >= maxListeners) return Promise.resolve('full')
    return this.#inTurn(async () => {
      await this.#catchUp()
      const opening = [...(await this.introduction()), ...(await this.#missedBy(resume))]
      if (!listener.send(opening)) return () => listener.drop()
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    })
  }

  async introduction(): Promise<readonly string[]> {
    const keys = await feedKeys(this.#context)
    return [await this.#sign({ type: 'key', jwk: keys.signing.publicJwk }, keys), ...keys.announcements]
  }

  beat(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#snapshot?.at !== this.#context.now()) this.#snapshot = undefined
      await this.#catchUp()
      if (this.#listeners.size === 0) return
      const keys = await this.#keys()
      this.#tell([await this.#sign({ type: 'heartbeat', epoch: this.#epoch, seq: this.#seq }, keys)])
    })
  }

  close(): void {
    this.#unwatch()
    this.#dropAll()
  }

  #dropAll(): void {
    for (const listener of this.#listeners) listener.drop()
    this.#listeners.clear()
  }

  /** One thing at a time: no entry overtakes another, and no listener joins between two. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#running.then(work)
    this.#running = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const page = await this.#context.store.read<RevocationEntry>(revocationStream, this.#seq, pageSize)
      if (page.last < this.#seq) this.#beginAgain(page.last)
      const keys = page.entries.length > 0 && this.#listeners.size > 0 ? await this.#keys() : undefined
      if (keys !== undefined) this.#tell(await this.#signEntries(page.entries, keys))
      const seq = page.entries.at(-1)?.seq ?? this.#seq
      const isLast = page.entries.length < pageSize
      this.#seq = isLast ? Math.max(seq, page.last) : seq
      if (isLast) return
    }
  }

  /** Numbers that were told come again with other entries: everybody comes back for a snapshot, which has them. */
  #beginAgain(last: number): void {
    this.#context.log.error('revocation_stream_went_back', { expected: `at least ${this.#seq}`, got: String(last) })
    this.#epoch = newEpoch(this.#context)
    this.#seq = last
    this.#dropAll()
  }

  /** The key in use; when it is a new one, listeners first hear who vouches for it. */
  async #keys(): Promise<FeedKeys> {
    const keys = await feedKeys(this.#context)
    const { kid } = keys.signing
    if (this.#kid !== undefined && this.#kid !== kid) this.#tell(keys.announcements)
    this.#kid = kid
    return keys
  }

  #signEntries(entries: readonly StreamEntry[], keys: FeedKeys): Promise<readonly string[]> {
    return Promise.all(
      entries.map(({ seq, value }) => this.#sign({ type: 'entry', epoch: this.#epoch, seq, entry: value }, keys)),
    )
  }

  async #missedBy(resume: FeedResume | undefined): Promise<readonly string[]> {
    const keys = await this.#keys()
    const missed = resume?.epoch === this.#epoch ? await this.#entriesAfter(resume.seq) : undefined
    if (missed === undefined) return this.#snapshotNow(keys)
    const beat = this.#sign({ type: 'heartbeat', epoch: this.#epoch, seq: this.#seq }, keys)
    return [...(await this.#signEntries(missed, keys)), await beat]
  }

  /** The entries a listener missed, when none of them has expired meanwhile and they are not too many. */
  async #entriesAfter(seq: number): Promise<readonly StreamEntry[] | undefined> {
    if (seq > this.#seq || this.#seq - seq > maxMissed) return undefined
    const { entries } = await this.#context.store.read<RevocationEntry>(revocationStream, seq, maxMissed)
    const known = entries.filter(entry => entry.seq <= this.#seq)
    return known.length === this.#seq - seq ? known : undefined
  }

  /** Everybody may ask, as often as they like, and what is revoked waits for its turn behind them: one a second is made. */
  async #snapshotNow(keys: FeedKeys): Promise<readonly string[]> {
    const [at, epoch, seq, { kid }] = [this.#context.now(), this.#epoch, this.#seq, keys.signing]
    const last = this.#snapshot
    if (last?.at === at && last.epoch === epoch && last.seq === seq && last.kid === kid) return last.lines
    const lines = await this.#makeSnapshot(keys)
    this.#snapshot = { at, epoch, seq, kid, lines }
    return lines
  }

  async #makeSnapshot(keys: FeedKeys): Promise<readonly string[]> {
    const live: RevocationEntry[] = []
    let after: string | undefined
    do {
      const page = { limit: pageSize, ...(after === undefined ? {} : { after }) }
      const listed = await this.#context.store.list<RevocationEntry>('revocation', page)
      for (const { value } of listed.records) live.push(value)
      after = listed.next
    } while (after !== undefined)
    const messages = snapshotMessages(live, { epoch: this.#epoch, seq: this.#seq })
    return Promise.all(messages.map(message => this.#sign(message, keys)))
  }

  #sign(message: FeedMessage, { signing }: FeedKeys): Promise<string> {
    const { issuer, sign } = this.#context
    return signFeedMessage(message, { issuer, nowSeconds: this.#context.now(), key: signing }, sign)
  }

  #tell(lines: readonly string[]): void {
    for (const listener of this.#listeners) {
      if (listener.send(lines)) continue
      this.#listeners.delete(listener)
      listener.drop()
    }
  }
}

/** A signed one, and what it holds for. */
interface Snapshot {
  /** Unix seconds. */
  readonly at: number
  readonly epoch: string
  readonly seq: number
  readonly kid: string
  readonly lines: readonly string[]
}

type StreamEntry = { readonly seq: number; readonly value: RevocationEntry }
