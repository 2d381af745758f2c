import type { TestContext } from 'node:test'
import { openRedis, type RedisAlarm, type RedisOptions } from '@sallyport/store'
import { type RedisServer, startRedis } from './redis.ts'

export const now = () => Math.floor(Date.now() / 1000)

/** Opens what is kept on a server, for one test, and notes its alarms. */
export async function open(t: TestContext, to: RedisServer, more: Partial<RedisOptions> = {}) {
  const alarms: RedisAlarm[] = []
  const redis = await openRedis({
    urls: [to.url],
    claimKinds: { proof: { lifetimeSeconds: 60 } },
    rateLimitsWhenLost: 'closed',
    nowSeconds: now,
    onAlarm: alarm => alarms.push(alarm),
    ...more,
  })
  t.after(() => redis.close())
  return { redis, alarms, told: () => alarms.map(({ what }) => what) }
}

/** A server for one test. */
export async function own(t: TestContext, settings: readonly string[] = []): Promise<RedisServer> {
  const started = await startRedis(settings)
  t.after(() => started.stop())
  return started
}
