import { StoreError } from '../store-error.ts'
import { keyOf } from './keys.ts'
import type { RedisLink } from './redis-link.ts'
import { script } from './script.ts'

/** So many in so long: `count` at once, then one each `periodSeconds / count`. */
export interface RateLimit {
  readonly count: number
  readonly periodSeconds: number
}

export type RateVerdict =
  | { readonly allowed: true; readonly remaining: number | undefined }
  | { readonly allowed: false; readonly retryAfterSeconds: number }

/**
 * The generic cell rate algorithm (ITU-T I.371): one number, the theoretical arrival time of the next cell, in
 * microseconds of the server's clock, which all machines share. Answers the microseconds to wait (0: allowed), and how
 * many more would be allowed now.
 */
const GCRA = script(`
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
  local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
  local wait = arrival - tolerance - now
  if wait > 0 then return { wait, 0 } end
  arrival = arrival + interval
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
  return { 0, math.floor((tolerance + interval - (arrival - now)) / interval) }
`)

/**
 * Adds what a process has spent already, `ARGV[2]` intervals, and answers the microseconds until the quota is whole again.
 * What several spent together may be more than there was; it is never more than two periods away.
 */
const SHARE = script(`
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
  arrival = math.min(arrival + tonumber(ARGV[1]) * tonumber(ARGV[2]), now + 2 * tonumber(ARGV[3]))
  if arrival <= now then
    redis.call('DEL', KEYS[1])
    return 0
  end
  redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
  return arrival - now
`)

const MICROSECONDS = 1_000_000

/** Rate limits that all processes share. */
export class RedisRateLimits {
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #whenLost: 'open' | 'closed'

  constructor(link: RedisLink, prefix: string, whenLost: 'open' | 'closed') {
    this.#link = link
    this.#prefix = prefix
    this.#whenLost = whenLost
  }

  /**
   * Counts one use. While Redis is away all are allowed (`open`; `remaining` is unknown), or none (`closed`).
   * @param name what is limited, such as `token`; `key` by whom, such as an address or a client
   * @throws StoreError `invalid_write` for a limit that is none
   */
  async use(tenant: string, name: string, key: string, limit: RateLimit): Promise<RateVerdict> {
    checkLimit(limit)
    const interval = Math.ceil((limit.periodSeconds * MICROSECONDS) / limit.count)
    const tolerance = interval * (limit.count - 1)
    const place = keyOf(this.#prefix, tenant, 'rate', name, key)
    try {
      const answer: unknown = await this.#link.run(GCRA, [place], [interval, tolerance])
      const [wait, remaining]: unknown[] = Array.isArray(answer) ? answer : []
      if (Number(wait) === 0) return { allowed: true, remaining: Number(remaining) }
      return { allowed: false, retryAfterSeconds: Math.ceil(Number(wait) / MICROSECONDS) }
    } catch (error) {
      if (!(error instanceof StoreError) || error.code === 'closed' || error.code === 'invalid_write') throw error
      return this.#whenLost === 'open'
        ? { allowed: true, remaining: undefined }
        : { allowed: false, retryAfterSeconds: 1 }
    }
  }

  /**
   * For limits that are judged in a process's own memory and shared afterwards: adds what was spent there.
   * @param spent uses of the key since it was shared last; fewer than none when some were given back
   * @returns seconds until the quota of all processes is whole again; what remembers it adds them to its own clock
   * @throws StoreError while Redis is away
   */
  async share(tenant: string, name: string, key: string, limit: RateLimit, spent: number): Promise<number> {
    checkLimit(limit)
    const interval = Math.ceil((limit.periodSeconds * MICROSECONDS) / limit.count)
    const place = keyOf(this.#prefix, tenant, 'rate', name, key)
    const answer = await this.#link.run(SHARE, [place], [interval, spent, limit.periodSeconds * MICROSECONDS])
    return Number(answer) / MICROSECONDS
  }
}

function checkLimit({ count, periodSeconds }: RateLimit): void {
  if (Number.isSafeInteger(count) && count > 0 && periodSeconds > 0 && periodSeconds <= 86_400 * 366) return
  throw new StoreError('invalid_write', `${count} in ${periodSeconds} s is no limit.`, 'Both are above zero.')
}
