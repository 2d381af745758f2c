import type { SigningAlgorithm } from './algorithms.ts'
import type { PublicJwk } from './jwk.ts'
import type { SigningKey } from './signing-key.ts'

/** A key with the times of its life. What it may do follows from them and the clock, so no step needs a write or a leader. */
export interface RingKey {
  readonly key: SigningKey
  /** Unix seconds from which it is published. */
  readonly announcedAt: number
  /** Unix seconds from which it signs. */
  readonly signsAt: number
  /** Unix seconds from which it only verifies, set when a successor is known. */
  readonly retiresAt: number | undefined
  /** Unix seconds from which it is published no more: no token it signed is alive. */
  readonly removesAt: number | undefined
}

/** The keys of one issuer. A value: every change makes another one. */
export interface KeyRing {
  readonly keys: readonly RingKey[]
}

/** How long each part of a key's life takes, in seconds. */
export interface RotationSchedule {
  /** Published before it signs: at least as long as anyone caches the JWKS. */
  readonly announceSeconds: number
  /** Signs, until its successor does. */
  readonly signSeconds: number
  /** Verifies afterwards: at least as long as the longest token lives, and the leeway. */
  readonly retireSeconds: number
}

export type KeyState = 'announced' | 'signing' | 'retired' | 'removed'

export const emptyKeyRing: KeyRing = { keys: [] }

/** Announce → sign → retire → remove. */
export function keyState(entry: RingKey, nowSeconds: number): KeyState {
  if (entry.removesAt !== undefined && nowSeconds >= entry.removesAt) return 'removed'
  if (entry.retiresAt !== undefined && nowSeconds >= entry.retiresAt) return 'retired'
  return nowSeconds >= entry.signsAt ? 'signing' : 'announced'
}

/** The key that signs with this algorithm now; `undefined` when there is none yet. */
export function signingKey(ring: KeyRing, algorithm: SigningAlgorithm, nowSeconds: number): SigningKey | undefined {
  return signingEntry(ring, algorithm, nowSeconds)?.key
}

/** The public keys for the JWKS (RFC 7517 §5): announced, signing and retired ones. */
export function publishedJwks(ring: KeyRing, nowSeconds: number): { readonly keys: readonly PublicJwk[] } {
  const published = ring.keys.filter(
    entry => entry.announcedAt <= nowSeconds && keyState(entry, nowSeconds) !== 'removed',
  )
  return { keys: published.map(entry => entry.key.publicJwk) }
}

/** What has to be done, and when to ask again. */
export interface RotationPlan {
  /** Algorithms whose signing key nears its end without a successor: make a key and `announceKey` it. */
  readonly announce: readonly SigningAlgorithm[]
  /** Names of the keys that are over: `withoutKey` them. */
  readonly remove: readonly string[]
  /** Unix seconds of the next change; `undefined` when none is in sight. */
  readonly nextAt: number | undefined
}

/** Looks at the ring; changes nothing. */
export function planRotation(ring: KeyRing, nowSeconds: number, schedule: RotationSchedule): RotationPlan {
  const announce: SigningAlgorithm[] = []
  const times: number[] = []
  for (const algorithm of new Set(ring.keys.map(entry => entry.key.algorithm))) {
    const current = signingEntry(ring, algorithm, nowSeconds)
    if (current === undefined || current.retiresAt !== undefined) continue
    const announceAt = current.signsAt + schedule.signSeconds - schedule.announceSeconds
    if (announceAt <= nowSeconds) announce.push(algorithm)
    else times.push(announceAt)
  }
  const remove: string[] = []
  for (const entry of ring.keys) {
    if (keyState(entry, nowSeconds) === 'removed') remove.push(entry.key.kid)
    for (const time of [entry.signsAt, entry.retiresAt, entry.removesAt])
      if (time !== undefined && time > nowSeconds) times.push(time)
  }
  return { announce, remove, nextAt: times.length === 0 ? undefined : Math.min(...times) }
}

/**
 * Publishes a key that will sign after the schedule's announcement. The first key of an algorithm signs at once: nobody
 * can hold an older JWKS that would be needed.
 */
export function announceKey(ring: KeyRing, key: SigningKey, nowSeconds: number, schedule: RotationSchedule): KeyRing {
  const isFirst = signingEntry(ring, key.algorithm, nowSeconds) === undefined
  return withSuccessor(ring, key, nowSeconds, isFirst ? nowSeconds : nowSeconds + schedule.announceSeconds, schedule)
}

/**
 * Rotates by command: the successor already announced signs from now on, or `fresh` when there is none; the key before it
 * verifies until its tokens are over. A verifier that caches finds the fresh key by its one refetch.
 */
export function rotateNow(
  ring: KeyRing,
  algorithm: SigningAlgorithm,
  nowSeconds: number,
  schedule: RotationSchedule,
  fresh: () => SigningKey,
): KeyRing {
  const announced = ring.keys.find(
    entry => entry.key.algorithm === algorithm && keyState(entry, nowSeconds) === 'announced',
  )
  if (announced === undefined) return withSuccessor(ring, fresh(), nowSeconds, nowSeconds, schedule)
  const others = { keys: ring.keys.filter(entry => entry !== announced) }
  const rotated = withSuccessor(others, announced.key, nowSeconds, nowSeconds, schedule)
  return {
    keys: rotated.keys.map(entry =>
      entry.key === announced.key ? { ...entry, announcedAt: announced.announcedAt } : entry,
    ),
  }
}

/** The ring without a key, at once: for one that is over, or one that leaked (then revoke it in the feed too). */
export function withoutKey(ring: KeyRing, kid: string): KeyRing {
  return { keys: ring.keys.filter(entry => entry.key.kid !== kid) }
}

function withSuccessor(
  ring: KeyRing,
  key: SigningKey,
  announcedAt: number,
  signsAt: number,
  schedule: RotationSchedule,
): KeyRing {
  const removesAt = signsAt + schedule.retireSeconds
  const keys = ring.keys.map(entry => {
    const isReplaced =
      entry.key.algorithm === key.algorithm && (entry.retiresAt === undefined || entry.retiresAt > signsAt)
    return isReplaced ? { ...entry, retiresAt: signsAt, removesAt } : entry
  })
  return { keys: [...keys, { key, announcedAt, signsAt, retiresAt: undefined, removesAt: undefined }] }
}

function signingEntry(ring: KeyRing, algorithm: SigningAlgorithm, nowSeconds: number): RingKey | undefined {
  const signing = ring.keys.filter(
    entry => entry.key.algorithm === algorithm && keyState(entry, nowSeconds) === 'signing',
  )
  return signing.sort((a, b) => b.signsAt - a.signsAt)[0]
}
