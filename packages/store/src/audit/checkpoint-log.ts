import type { Store, Stored, Write } from '../contract.ts'
import { StoreError } from '../store-error.ts'
import {
  type Checkpoint,
  type CheckpointSigner,
  checkpointHash,
  isSigned,
  readCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.ts'
import type { ChainPlaces } from './trail.ts'

/** The tenant of the trail's own records. */
const TENANT = '\u0001audit'
export const CHECKPOINT_KIND = 'audit-checkpoint'

/** Checkpoints that are kept: a day of one a minute. */
const KEPT = 1_500

/** Read at once; one of an installation with a thousand chains has 100 KB. */
const PAGE = 50

/** The trail's checkpoints in the store, each naming the one before by its hash. */
export class CheckpointLog {
  readonly #store: Store
  /** The key of the newest that was seen; nearly always the newest still. */
  #seen: string | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Signs the ends of all chains as they are now, unless the newest checkpoint says the same. What that one says stays
   * said, so it must have been signed here: an end that was further on, and where chains begin.
   *
   * @param now Unix seconds
   * @param beginnings  where chains begin whose older records are about to be dropped
   * @returns whether there is a new one; a process that was slower than another writes none
   * @throws StoreError `corrupted` when the newest is forged: nothing is built on it
   */
  async write(signer: CheckpointSigner, now: number, beginnings: ChainPlaces = {}): Promise<boolean> {
    const newest = await this.newest()
    if (newest !== undefined && !(await isSigned(newest, signer))) throw forged()
    const before = newest && readCheckpoint(newest)
    const heads = furthest(before?.heads ?? {}, await this.#store.audit.heads())
    const next: Checkpoint = {
      number: (before?.number ?? 0) + 1,
      at: now,
      heads,
      beginnings: { ...before?.beginnings, ...beginnings },
      previous: newest === undefined ? '' : checkpointHash(newest),
    }
    if (saysTheSame(before ?? NOTHING, next)) return false
    const text = JSON.stringify(next)
    const signed: SignedCheckpoint = { text, signature: await signer.sign(text) }
    // Only one can have a number: two that write at once do not part the chain.
    const writes: Write[] = [{ insert: { kind: CHECKPOINT_KIND, key: keyOf(next.number), value: signed } }]
    if (next.number > KEPT) writes.push({ remove: { kind: CHECKPOINT_KIND, key: keyOf(next.number - KEPT) } })
    return 'committed' in (await this.#store.of(TENANT).commit(writes))
  }

  /** Whether the newest says that these chains begin there. */
  async says(beginnings: ChainPlaces): Promise<boolean> {
    const newest = await this.newest()
    const said = newest === undefined ? {} : readCheckpoint(newest).beginnings
    return Object.entries(beginnings).every(([writer, { seq, hash }]) => {
      const beginning = said[writer]
      return beginning?.seq === seq && beginning.hash === hash
    })
  }

  /** The newest, to be kept elsewhere. */
  async newest(): Promise<SignedCheckpoint | undefined> {
    const seen = this.#seen && (await this.#store.of(TENANT).peek<SignedCheckpoint>(CHECKPOINT_KIND, this.#seen))
    let newest = seen ? seen.value : undefined
    for await (const { key, value } of this.#after(seen ? seen.key : undefined)) {
      this.#seen = key
      newest = value
    }
    return newest
  }

  /** In their order. */
  async *all(): AsyncGenerator<SignedCheckpoint> {
    for await (const { value } of this.#after(undefined)) yield value
  }

  async *#after(key: string | undefined): AsyncGenerator<Stored<SignedCheckpoint>> {
    let after = key
    do {
      const page = await this.#store.of(TENANT).list<SignedCheckpoint>(CHECKPOINT_KIND, {
        limit: PAGE,
        ...(after !== undefined && { after }),
      })
      yield* page.records
      after = page.next
    } while (after !== undefined)
  }
}

const keyOf = (number: number): string => String(number).padStart(15, '0')

type Ends = Pick<Checkpoint, 'heads' | 'beginnings'>

/** A chain that is shorter than it was, or gone, is no reason to forget how long it was. */
function furthest(before: ChainPlaces, now: ChainPlaces): ChainPlaces {
  const behind = Object.entries(before).filter(([writer, { seq }]) => seq > (now[writer]?.seq ?? 0))
  return { ...now, ...Object.fromEntries(behind) }
}

function forged(): StoreError {
  const problem = 'The newest checkpoint of the audit trail was not signed by this installation.'
  return new StoreError('corrupted', problem, 'Run sallyport audit verify, and look at who could write the store.')
}

const NOTHING = { heads: {}, beginnings: {} }

function saysTheSame(a: Ends, b: Ends): boolean {
  const said = ({ heads, beginnings }: Ends) =>
    JSON.stringify(
      [heads, beginnings].map(ends => Object.entries(ends).map(([writer, { seq, hash }]) => [writer, seq, hash])),
    )
  return said(a) === said(b)
}
