import type { RevocableToken, RevocationView } from './judge-caller.ts'
import { importPublicJwk, type VerifyKey } from './jwk.ts'
import type { Refusal } from './refusal.ts'
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
const maxParts = 10_000
const pruneEverySeconds = 10

/**
 * A revocation is never undone: a snapshot adds to what is known, and only expiry forgets. So an authority restored from
 * an old copy brings no token back to life here.
 *
 * How old the knowledge is follows from the time that the authority signed, not from when it arrived: a recorded stream
 * played again is silence.
 */
export function revocationList(options: RevocationListOptions): RevocationList {
  const { issuer, maxEntries = defaultMaxEntries } = options
  const maxSilence = Math.min(Math.max(options.maxSilenceSeconds ?? defaultMaxSilenceSeconds, 2), 300)
  let trusted: readonly VerifyKey[] = options.pinned === undefined ? [] : [options.pinned]
  let position: FeedPosition | undefined
  let inStep = false
  let completeAt: number | undefined
  let pending: PendingSnapshot | undefined
  let prunedAt = 0
  const entries = new Map<string, RevocationEntry>()

  const keyOf = (kid: string | undefined) => trusted.find(key => key.kid === kid)
  const missed = () => {
    inStep = false
    return 'gap' as const
  }
  const complete = (at: FeedPosition, iat: number, nowSeconds: number) => {
    position = { epoch: at.epoch, seq: at.seq }
    inStep = true
    completeAt = Math.max(completeAt ?? 0, Math.min(iat, nowSeconds))
    return 'applied' as const
  }
  const prune = (nowSeconds: number) => {
    if (nowSeconds - prunedAt < pruneEverySeconds) return
    prunedAt = nowSeconds
    for (const [name, entry] of entries) if (entry.exp < nowSeconds) entries.delete(name)
  }
  const add = (entry: RevocationEntry, nowSeconds: number): boolean => {
    if (entry.exp < nowSeconds) return true
    const name = nameOf(entry.kind, entry.id)
    const known = entries.get(name)
    if (known === undefined && entries.size >= maxEntries) return false
    entries.set(name, known === undefined ? entry : stronger(known, entry))
    return true
  }
  const addAll = (added: readonly RevocationEntry[], nowSeconds: number) => {
    for (const entry of added) if (!add(entry, nowSeconds)) return tooMany(maxEntries)
    return undefined
  }

  const applyKey = (verified: VerifiedFeedMessage) => {
    if (verified.message.type !== 'key') return 'ignored'
    const key = importPublicJwk(verified.message.jwk)
    if ('refused' in key || keyOf(key.kid) !== undefined) return 'ignored'
    const isFirst = trusted.length === 0 && key.thumbprint === verified.signedBy.thumbprint
    if (!isFirst && !trusted.includes(verified.signedBy)) return 'ignored'
    trusted = [...trusted, key]
    return 'applied'
  }
  const applySnapshot = (message: FeedSnapshotMessage, iat: number, nowSeconds: number) => {
    if (position?.epoch === message.epoch && message.seq < position.seq) return 'ignored'
    pending = withPart(pending, message)
    if (pending === undefined) return missed()
    if (pending.received < message.parts) return 'applied'
    const refused = addAll(pending.entries, nowSeconds)
    pending = undefined
    if (refused === undefined) return complete(message, iat, nowSeconds)
    missed()
    return refused
  }
  const applyVerified = (verified: VerifiedFeedMessage, nowSeconds: number): ReturnType<RevocationList['apply']> => {
    const { message, iat, signedBy } = verified
    if (message.type === 'key') return applyKey(verified)
    if (!trusted.includes(signedBy))
      return { refused: 'unknown_key', expected: 'a trusted feed key', got: signedBy.kid }
    if (iat < nowSeconds - maxSilence || iat > nowSeconds + maxSilence) return stale(nowSeconds - iat, maxSilence)
    // Whoever signs with the successor has retired the key before it: what only that key vouches for is over.
    trusted = trusted.slice(trusted.indexOf(signedBy))
    if (message.type === 'snapshot') return applySnapshot(message, iat, nowSeconds)
    // A stream may beat between the pieces of its snapshot.
    if (pending !== undefined && message.type === 'heartbeat') return 'ignored'
    if (position === undefined || position.epoch !== message.epoch || !inStep) return missed()
    if (message.type === 'heartbeat') {
      if (message.seq < position.seq) return 'ignored'
      return message.seq === position.seq ? complete(message, iat, nowSeconds) : missed()
    }
    if (message.seq <= position.seq) return 'ignored'
    if (message.seq > position.seq + 1) return missed()
    if (add(message.entry, nowSeconds)) return complete(message, iat, nowSeconds)
    missed()
    return tooMany(maxEntries)
  }

  const judge: RevocationList['judge'] = (token, nowSeconds) => {
    if (isDead(entries, token)) return 'revoked'
    return completeAt === undefined || nowSeconds - completeAt > maxSilence ? 'unknown' : 'live'
  }
  return {
    apply: (text, nowSeconds) => {
      prune(nowSeconds)
      const verified = verifyFeedMessage(text, { issuer, keyOf })
      if (!('refused' in verified)) return applyVerified(verified, nowSeconds)
      return verified.refused === 'unvouched_key' ? 'ignored' : verified
    },
    judge,
    view: nowSeconds => ({ judge: token => judge(token, nowSeconds()) }),
    state: () => ({
      ...position,
      entries: entries.size,
      inStep,
      completeAt,
      trustedKids: trusted.map(key => key.kid),
    }),
  }
}

interface PendingSnapshot extends FeedPosition {
  readonly parts: number
  readonly received: number
  readonly entries: RevocationEntry[]
}

/** Pieces come in order on one stream; anything else is a gap. */
function withPart(
  pending: PendingSnapshot | undefined,
  { epoch, seq, part, parts, entries }: FeedSnapshotMessage,
): PendingSnapshot | undefined {
  if (parts > maxParts) return undefined
  if (part === 0) return { epoch, seq, parts, received: 1, entries: [...entries] }
  const follows =
    pending?.epoch === epoch && pending.seq === seq && pending.parts === parts && pending.received === part
  if (!follows) return undefined
  for (const entry of entries) pending.entries.push(entry)
  return { ...pending, received: part + 1 }
}

function isDead(entries: ReadonlyMap<string, RevocationEntry>, token: RevocableToken): boolean {
  if (entries.size === 0) return false
  if (entries.has(nameOf('token', token.jti))) return true
  const isCovered = (kind: RevocationEntry['kind'], id: string | undefined) => {
    const entry = id === undefined ? undefined : entries.get(nameOf(kind, id))
    return entry !== undefined && token.iat <= entry.before
  }
  return isCovered('family', token.family) || isCovered('client', token.clientId) || isCovered('key', token.kid)
}

function nameOf(kind: RevocationEntry['kind'], id: string): string {
  return `${kind} ${id}`
}

function stronger(a: RevocationEntry, b: RevocationEntry): RevocationEntry {
  return { ...a, before: Math.max(a.before, b.before), exp: Math.max(a.exp, b.exp) }
}

function stale(ageSeconds: number, bound: number): RevocationListRefusal {
  const hint = 'Synchronise the clocks of authority and guard.'
  return { refused: 'stale', expected: `signed within ${bound} s of now`, got: `${Math.round(ageSeconds)} s ago`, hint }
}

function tooMany(maxEntries: number): RevocationListRefusal {
  return { refused: 'too_many_entries', expected: `at most ${maxEntries} live revocations`, got: 'more' }
}
