import { leavesMachine } from '../own-machine.ts'
import { StoreError } from '../store-error.ts'
import type { TlsPaths } from '../tls-files.ts'
import { type ClaimKind, RedisClaims } from './claims.ts'
import { RedisRateLimits } from './rate-limits.ts'
import { type RedisAlarm, RedisLink } from './redis-link.ts'
import { script } from './script.ts'
import { transportTo } from './transport.ts'
import { RedisWakeUps } from './wake-ups.ts'

export interface RedisOptions {
  /** `redis://` or `rediss://` URLs: one of a server, or several of a cluster's nodes; never logged. */
  readonly urls: readonly string[]
  /** Files for `rediss://`: a CA of one's own, a certificate of ours and its key. Read again for each connection. */
  readonly tls?: TlsPaths
  /** Begins every key and channel; default `sallyport`. */
  readonly prefix?: string
  /** The kinds of claims that are kept here. */
  readonly claimKinds: Readonly<Record<string, ClaimKind>>
  /** What rate limits answer while Redis is away; claims are always closed. */
  readonly rateLimitsWhenLost: 'open' | 'closed'
  /** Unix seconds. */
  readonly nowSeconds: () => number
  /** To be logged and counted. */
  readonly onAlarm: (alarm: RedisAlarm) => void
}

/** What lives for minutes and is asked for by all processes, on Redis 7 or Valkey. */
export interface ShortLived {
  /** Host and port, for people. */
  readonly where: string
  readonly claims: RedisClaims
  readonly claimKinds: readonly string[]
  readonly rateLimits: RedisRateLimits
  readonly wakeUps: RedisWakeUps
  close(): Promise<void>
}

const POLICY = script("return string.match(redis.call('INFO', 'memory'), 'maxmemory_policy:([%w-]+)')")

/**
 * Connects to Redis. An address of another machine without TLS is an alarm (`unprotected`). One that is away now is an alarm and not an error: it is tried again by each use.
 *
 * A Redis that evicts keys when its memory is full forgets claims, and is an alarm (`evicts`): set `maxmemory-policy
 * noeviction`, and writes fail (closed) instead.
 *
 * @throws StoreError `invalid_write` for a prefix or URLs that cannot be, `cannot_open` for files that cannot be used
 */
export async function openRedis(options: RedisOptions): Promise<ShortLived> {
  const { urls, tls = {}, prefix = 'sallyport', claimKinds, nowSeconds, onAlarm } = options
  if (urls.length === 0 || !urls.every(url => URL.canParse(url)) || !/^[\w-]{1,40}$/.test(prefix)) {
    throw new StoreError('invalid_write', 'Redis needs URLs, and a prefix of letters, digits, - and _.', 'Name them.')
  }
  transportTo(urls, tls) // what is wrong with the files is a mistake now, and later a loss
  const link = new RedisLink(urls, tls, onAlarm)
  if (urls.some(url => new URL(url).protocol !== 'rediss:' && leavesMachine(new URL(url).hostname))) {
    const message = `The way to ${link.where} is open: who is on it can have a proof used twice. Use rediss://.`
    onAlarm({ what: 'unprotected', message })
  }
  const wakeUps = new RedisWakeUps(link, prefix)
  // Redis that is away was told of by the link.
  const policy = await link.run(POLICY, [`${prefix}:{policy}`], []).catch(() => undefined)
  if (policy !== undefined && policy !== 'noeviction') {
    const message = `${link.where} may forget claims when its memory is full (maxmemory-policy ${policy}).`
    onAlarm({ what: 'evicts', message })
  }
  return {
    where: link.where,
    claims: new RedisClaims(link, prefix, claimKinds, nowSeconds),
    claimKinds: Object.keys(claimKinds),
    rateLimits: new RedisRateLimits(link, prefix, options.rateLimitsWhenLost),
    wakeUps,
    async close() {
      await wakeUps.close()
      await link.close()
    },
  }
}
