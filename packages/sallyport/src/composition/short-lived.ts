import { proofLifetimeSeconds } from '@sallyport/credentials'
import { type Log, type MakeRateLimiter, type Metrics, sharedRateLimiter } from '@sallyport/server'
import { openRedis, type RedisAlarm, type ShortLived } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import { nowSeconds } from './clock.ts'

const alarms = [
  'lost',
  'back',
  'evicts',
  'memory_lost',
  'unprotected',
  'not_told',
] as const satisfies readonly RedisAlarm['what'][]

/** Limiters whose quotas all processes share on Redis; `undefined` without one. */
export function sharedLimiters(
  shortLived: ShortLived | undefined,
  part: string,
  { redis }: Settings,
): { readonly rateLimiter?: MakeRateLimiter } {
  if (shortLived === undefined) return {}
  const rateLimiter: MakeRateLimiter = (name, policy) => {
    const limit = { count: policy.requests, periodSeconds: policy.seconds }
    const share = (key: string, spent: number) => shortLived.rateLimits.share(part, name, key, limit, spent)
    return sharedRateLimiter(policy, { share, whenLost: redis.rateLimits })
  }
  return { rateLimiter }
}

/**
 * Redis as the configuration names it; `undefined` without one. Its loss is told in the log and in the metrics: it is tried
 * again by each use.
 *
 * Only used proofs are claimed there. An assertion of a client may live for an hour, and for as long as that a Redis that
 * forgot would have to refuse all of them; those claims stay in the durable store.
 */
export async function openShortLived(
  settings: Settings,
  told: { readonly log: Log; readonly metrics: Metrics },
): Promise<ShortLived | undefined> {
  const { url, prefix, rateLimits, tlsCa, tlsCert, tlsKey } = settings.redis
  if (url === undefined) return undefined
  const { log, metrics } = told
  const counted = metrics.counter('sallyport_redis_alarms_total', 'Alarms about Redis, by what happened.', {
    what: alarms,
  })
  const up = metrics.gauge('sallyport_redis_up', 'Whether Redis answered when it was last asked.', {})
  up.set({}, 1)
  for (const what of alarms) counted.add({ what }, 0)
  return openRedis({
    urls: url.split(',').map(each => each.trim()),
    tls: { ca: tlsCa, cert: tlsCert, key: tlsKey },
    prefix,
    claimKinds: { proof: { lifetimeSeconds: proofLifetimeSeconds + 1 } },
    rateLimitsWhenLost: rateLimits,
    nowSeconds,
    onAlarm: ({ what, message }) => {
      counted.add({ what })
      if (what === 'lost' || what === 'back') up.set({}, what === 'back' ? 1 : 0)
      const write = what === 'back' ? log.info : log.error
      write('redis_alarm', { what, message })
    },
  })
}
