import type { MaybePromise } from './maybe-promise.ts'

/**
 * Where proofs that were used are remembered until they expire (RFC 9449 §11.1). Of two uses, however close, exactly
 * one is `won`. Several replicas share one by passing their own (Redis, SQLite, Postgres).
 */
export interface ReplayMemory {
  /**
   * @param hash      of the proof: it covers the key, the address and the `jti`
   * @param expiresAt Unix seconds after which the proof is refused for its age anyway
   * @returns `full` when nothing more can be remembered: the request is then refused, not let through
   */
  claim(hash: string, expiresAt: number): MaybePromise<'won' | 'lost' | 'full'>
}

/** The default: in this process's memory, at most `maxProofs` at a time. */
export function boundedReplayMemory(maxProofs: number, nowSeconds: () => number): ReplayMemory {
  const used = new Map<string, number>()
  // Goes on from where it stopped: one begun anew would step over all that was deleted before.
  let byAge = used.entries()
  let oldest = byAge.next()
  const forgetExpired = (now: number): void => {
    if (oldest.done) {
      byAge = used.entries()
      oldest = byAge.next()
    }
    while (!oldest.done && oldest.value[1] < now) {
      used.delete(oldest.value[0])
      oldest = byAge.next()
    }
  }
  return {
    claim(hash, expiresAt) {
      forgetExpired(nowSeconds())
      if (used.has(hash)) return 'lost'
      if (used.size >= maxProofs) return 'full'
      used.set(hash, expiresAt)
      return 'won'
    },
  }
}
