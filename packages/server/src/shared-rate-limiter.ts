import { type RateLimiter, type RateLimitPolicy, type RateLimitState, rateLimiter } from './rate-limit.ts'

/** A memory of spent quota that several processes share. */
export interface SharedQuota {
  /**
   * Adds uses of a key, which may be fewer than none.
   * @returns seconds until the quota is whole again, all processes counted. Rejects while the memory is away
   */
  share(key: string, spent: number): Promise<number>
  /** What is answered while the memory is away: what this process alone would (`open`), or no (`closed`). */
  readonly whenLost: 'open' | 'closed'
}

/** What was spent here is told after this; the others refuse from then on. */
const shareMs = 100
/** Keys that are told at once; the rest wait for the next time. */
const mostAtOnce = 500

/**
 * A limiter that judges in this process's memory, at once, and shares what was spent ten times a second. So over time all
 * processes together give one quota, and a request waits for no network; a crowd that comes to several processes within a
 * tenth of a second can have each one's.
 *
 * @param maxKeys  that are remembered here, and that wait to be told; beyond it, what the key longest waiting spent is
 *   known here alone
 */
export function sharedRateLimiter(policy: RateLimitPolicy, shared: SharedQuota, maxKeys = 100_000): RateLimiter {
  const own = rateLimiter(policy, maxKeys)
  const unshared = new Map<string, number>()
  const interval = policy.seconds / policy.requests
  let isTelling = false
  let isLost = false
  let nowSeconds = 0

  const spend = (key: string, uses: number) => {
    unshared.set(key, (unshared.get(key) ?? 0) + uses)
    const [oldest] = unshared.keys()
    if (unshared.size > maxKeys && oldest !== undefined) unshared.delete(oldest)
    if (isTelling) return
    isTelling = true
    setTimeout(tell, shareMs).unref()
  }
  const tell = async () => {
    const told = [...unshared].slice(0, mostAtOnce)
    for (const [key] of told) unshared.delete(key)
    const answers = await Promise.allSettled(
      told.map(async ([key, spent]) => {
        const seconds = await shared.share(key, spent)
        own.adopt(key, nowSeconds + seconds + (unshared.get(key) ?? 0) * interval, nowSeconds)
      }),
    )
    isLost = answers.some(({ status }) => status === 'rejected')
    isTelling = unshared.size > 0
    if (isTelling) setTimeout(tell, shareMs).unref()
  }
  const judged = (key: string, state: RateLimitState): RateLimitState => {
    if (!isLost || shared.whenLost === 'open') return state
    spend(key, 0) // asks whether it is back
    return { ...state, allowed: false, remaining: 0, retryAfterSeconds: Math.max(1, state.retryAfterSeconds) }
  }
  return {
    policy,
    take(key, now) {
      nowSeconds = now
      if (isLost && shared.whenLost === 'closed') return judged(key, own.look(key, now))
      const state = own.take(key, now)
      if (state.allowed) spend(key, 1)
      return state
    },
    giveBack(key) {
      own.giveBack(key)
      spend(key, -1)
    },
    adopt: (key, wholeAt, now) => own.adopt(key, wholeAt, now),
    look(key, now) {
      nowSeconds = now
      return judged(key, own.look(key, now))
    },
    get size() {
      return own.size
    },
  }
}
