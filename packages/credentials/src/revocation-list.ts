import { type FeedTrust, trustedKey, trustFrom, trustWith } from './feed-trust.ts'
import type { RevocableToken, RevocationView } from './judge-caller.ts'
import type { VerifyKey } from './jwk.ts'
import { type PendingSnapshot, withPiece } from './pending-snapshot.ts'
import type { Refusal } from './refusal.ts'
import { type RevocationEntries, revocationEntries } from './revocation-entries.ts'
import {
  type FeedPosition,
  type FeedRefusal,
  type FeedSnapshotMessage,
  type RevocationEntry,
  type VerifiedFeedMessage,
  verifyFeedMessage,
} from './revocation-feed.ts'

export interface RevocationListOptions {
  readonly issuer: string
  /** The feed's key where it is known beforehand; otherwise the first one introduced is pinned. */
  readonly pinned?: VerifyKey
  /** Knowledge older than this tells nothing. 2 to 300, default 10. */
  readonly maxSilenceSeconds?: number
  /** More revocations than this at once are refused, and the list closes. Default 1,000,000. */
  readonly maxEntries?: number
}

/** What the operator wants to know of a list. */
export interface RevocationListState extends Partial<FeedPosition> {
  readonly entries: number
  /** Whether every entry up to the last heartbeat is known; `false` asks for a new snapshot. */
  readonly inStep: boolean
  /** Unix seconds, signed by the authority, up to which the list is complete. */
  readonly completeAt: number | undefined
  readonly trustedKids: readonly string[]
}

/**
 * The guard's side of the revocation feed: a state machine without clock, timer or network.
 */
export interface RevocationList {
  /**
   * Takes the next message of the stream.
   *
   * @returns `gap` when something was missed: ask for a new snapshot. `ignored` for what changes nothing (old, or a key
   *   vouched for by a key not trusted). A refusal for what is not of this feed; it changes nothing either.
   */
  apply(text: string, nowSeconds: number): 'applied' | 'ignored' | 'gap' | RevocationListRefusal
  /** `unknown` before the first snapshot and when the last complete knowledge is older than the bound. */
  judge(token: RevocableToken, nowSeconds: number): 'live' | 'revoked' | 'unknown'
  /** The same with the clock bound, for `verifyAccessToken`. */
  view(nowSeconds: () => number): RevocationView
  state(): RevocationListState
}

export type RevocationListRefusal = Refusal<FeedRefusal['refused'] | 'stale' | 'too_many_entries'>

const defaultMaxSilenceSeconds = 10
const defaultMaxEntries = 1_000_000

/**
 * A revocation is never undone: a snapshot adds to what is known, and only expiry forgets. So an authority restored from
 * an old copy brings no token back to life here.
 *
 * How old the knowledge is follows from the time that the authority signed, not from when it arrived: a recorded stream
 * played again is silence.
 */
export function revocationList(options: RevocationListOptions): RevocationList {
  const maxSilenceSeconds = Math.min(Math.max(options.maxSilenceSeconds ?? defaultMaxSilenceSeconds, 2), 300)
  const entries = revocationEntries(options.maxEntries ?? defaultMaxEntries)
  const list = new FeedFollower(options.issuer, entries, maxSilenceSeconds, options.pinned)
  const judge: RevocationList['judge'] = (token, nowSeconds) => {
    if (entries.isDead(token)) return 'revoked'
    const { completeAt } = list
    return completeAt === undefined || nowSeconds - completeAt > maxSilenceSeconds ? 'unknown' : 'live'
  }
  return {
    apply: (text, nowSeconds) => list.apply(text, nowSeconds),
    judge,
    view: nowSeconds => ({ judge: token => judge(token, nowSeconds()) }),
    state: () => list.state(),
  }
}

type Applied = ReturnType<RevocationList['apply']>

/** Where the list stands in the stream. */
class FeedFollower {
  readonly #issuer: string
  readonly #entries: RevocationEntries
  readonly #maxSilenceSeconds: number
  #trust: FeedTrust
  #position: FeedPosition | undefined
  #inStep = false
  #completeAt: number | undefined
  #pending: PendingSnapshot | undefined

  constructor(issuer: string, entries: RevocationEntries, maxSilenceSeconds: number, pinned: VerifyKey | undefined) {
    this.#issuer = issuer
    this.#entries = entries
    this.#maxSilenceSeconds = maxSilenceSeconds
    this.#trust = pinned === undefined ? [] : [pinned]
  }

  apply(text: string, nowSeconds: number): Applied {
    this.#entries.prune(nowSeconds)
    const keyOf = (kid: string | undefined) => trustedKey(this.#trust, kid)
    const verified = verifyFeedMessage(text, { issuer: this.#issuer, keyOf })
    if (!('refused' in verified)) return this.#applyVerified(verified, nowSeconds)
    return verified.refused === 'unvouched_key' ? 'ignored' : verified
  }

  /** Asked at every use of every token. */
  get completeAt(): number | undefined {
    return this.#completeAt
  }

  state(): RevocationListState {
    return {
      ...this.#position,
      entries: this.#entries.size,
      inStep: this.#inStep,
      completeAt: this.#completeAt,
      trustedKids: this.#trust.map(key => key.kid),
    }
  }

  #applyVerified({ message, iat, signedBy }: VerifiedFeedMessage, nowSeconds: number): Applied {
    if (message.type === 'key') {
      const before = this.#trust
      this.#trust = trustWith(before, message, signedBy)
      return this.#trust === before ? 'ignored' : 'applied'
    }
    if (Math.abs(nowSeconds - iat) > this.#maxSilenceSeconds) return stale(nowSeconds - iat, this.#maxSilenceSeconds)
    this.#trust = trustFrom(this.#trust, signedBy)
    if (message.type === 'snapshot') return this.#applySnapshot(message, iat, nowSeconds)
    // A stream may beat between the pieces of its snapshot.
    if (this.#pending !== undefined && message.type === 'heartbeat') return 'ignored'
    if (this.#position?.epoch !== message.epoch || !this.#inStep) return this.#missed()
    const ahead = message.seq - this.#position.seq
    if (message.type === 'heartbeat') {
      if (ahead < 0) return 'ignored'
      return ahead === 0 ? this.#complete(message, iat, nowSeconds) : this.#missed()
    }
    if (ahead < 1) return 'ignored'
    return ahead === 1 ? this.#add([message.entry], message, iat, nowSeconds) : this.#missed()
  }

  #applySnapshot(message: FeedSnapshotMessage, iat: number, nowSeconds: number): Applied {
    if (this.#position?.epoch === message.epoch && message.seq < this.#position.seq) return 'ignored'
    const pending = withPiece(this.#pending, message)
    this.#pending = pending
    if (pending === undefined) return this.#missed()
    if (pending.received < message.parts) return 'applied'
    this.#pending = undefined
    return this.#add(pending.entries, message, iat, nowSeconds)
  }

  #add(entries: readonly RevocationEntry[], at: FeedPosition, iat: number, nowSeconds: number): Applied {
    if (this.#entries.add(entries, nowSeconds)) return this.#complete(at, iat, nowSeconds)
    this.#missed()
    return {
      refused: 'too_many_entries',
      expected: 'room for every live revocation',
      got: `${this.#entries.size} already`,
    }
  }

  #complete(at: FeedPosition, iat: number, nowSeconds: number): Applied {
    this.#position = { epoch: at.epoch, seq: at.seq }
    this.#inStep = true
    this.#completeAt = Math.max(this.#completeAt ?? 0, Math.min(iat, nowSeconds))
    return 'applied'
  }

  #missed(): Applied {
    this.#inStep = false
    return 'gap'
  }
}

function stale(ageSeconds: number, bound: number): RevocationListRefusal {
  const hint = 'Synchronise the clocks of authority and guard.'
  return { refused: 'stale', expected: `signed within ${bound} s of now`, got: `${Math.round(ageSeconds)} s ago`, hint }
}
