/** So many requests in so many seconds, spent as they come: the whole quota at once, then evenly. */
export interface RateLimitPolicy {
  readonly requests: number
  readonly seconds: number
}

/** Makes the limiter of one policy; `name` tells it from others that share a memory. */
export type MakeRateLimiter = (name: string, policy: RateLimitPolicy) => RateLimiter

/** What is left for a key after one request. */
export interface RateLimitState {
  readonly allowed: boolean
  readonly remaining: number
  /** Seconds until the whole quota is there again. */
  readonly resetSeconds: number
  /** Seconds until the next request would be allowed; 0 while one is. */
  readonly retryAfterSeconds: number
}

export interface RateLimiter {
  readonly policy: RateLimitPolicy
  /** Spends one request of a key; a refused one spends nothing. */
  take(key: string, nowSeconds: number): RateLimitState
  /** Gives one spent request back. */
  giveBack(key: string): void
  /** Takes over when a key's quota is whole again, Unix seconds, as others know it. */
  adopt(key: string, wholeAt: number, nowSeconds: number): void
  /** Looks without spending. */
  look(key: string, nowSeconds: number): RateLimitState
  readonly size: number
}

/**
 * The generic cell rate algorithm: one number a key, the time at which its quota would be whole again. A key whose time
 * has come is as good as unknown and is forgotten; when more than `maxKeys` are busy, the one longest unused goes.
 */
export function rateLimiter(policy: RateLimitPolicy, maxKeys = 100_000): RateLimiter {
  const interval = policy.seconds / policy.requests
  const wholeAt = new Map<string, number>()
  /** The last in it, which need not be put there again. */
  let newest: string | undefined

  const stateAfter = (whole: number, now: number, allowed: boolean): RateLimitState => {
    const spent = Math.max(0, whole - now)
    return {
      allowed,
      remaining: Math.max(0, Math.floor((policy.seconds - spent) / interval + 1e-9)),
      resetSeconds: Math.ceil(spent),
      retryAfterSeconds: Math.max(0, Math.ceil(spent + interval - policy.seconds - 1e-9)),
    }
  }
  const fits = (whole: number, now: number) => whole + interval - now <= policy.seconds + 1e-9
  const forget = (now: number) => {
    for (const [key, whole] of wholeAt) {
      if (whole > now && wholeAt.size < maxKeys) return
      wholeAt.delete(key)
    }
  }
  return {
    policy,
    take(key, now) {
      const whole = Math.max(wholeAt.get(key) ?? now, now)
      if (!fits(whole, now)) return stateAfter(whole, now, false)
      if (key !== newest) {
        wholeAt.delete(key)
        forget(now)
        newest = key
      }
      wholeAt.set(key, whole + interval)
      return stateAfter(whole + interval, now, true)
    },
    giveBack(key) {
      const whole = wholeAt.get(key)
      if (whole !== undefined) wholeAt.set(key, whole - interval)
    },
    adopt(key, whole, now) {
      wholeAt.delete(key)
      forget(now)
      newest = undefined
      if (whole > now) wholeAt.set(key, whole)
    },
    look(key, now) {
      const whole = Math.max(wholeAt.get(key) ?? now, now)
      return stateAfter(whole, now, fits(whole, now))
    },
    get size() {
      return wholeAt.size
    },
  }
}

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers §3 and §4, and `Retry-After` (RFC 6585 §4) once refused.
 *
 * @param name of the policy, such as `client`
 */
export function rateLimitHeaders(name: string, policy: RateLimitPolicy, state: RateLimitState): Record<string, string> {
  return {
    'ratelimit-policy': `"${name}";q=${policy.requests};w=${policy.seconds}`,
    ratelimit: `"${name}";r=${state.remaining};t=${state.resetSeconds}`,
    ...(state.allowed ? {} : { 'retry-after': String(Math.max(1, state.retryAfterSeconds)) }),
  }
}
