import { composeStore, openRedis, type Store } from '@sallyport/store'
import { openShared as openSqlite } from '../../packages/store/src/sqlite/scratch-store.ts'

/** How another process opens the composed store of a test. */
export const composedModule = import.meta.url

/** @public */
export async function openShared(argument: string): Promise<Store> {
  const { path, url, prefix }: { path: string; url: string; prefix: string } = JSON.parse(argument)
  const redis = await openRedis({
    urls: [url],
    prefix,
    claimKinds: { proof: { lifetimeSeconds: 0 }, assertion: { lifetimeSeconds: 0 } },
    rateLimitsWhenLost: 'closed',
    nowSeconds: () => Math.floor(Date.now() / 1000),
    onAlarm: ({ message }) => {
      throw new Error(message)
    },
  })
  return composeStore(await openSqlite(path), redis)
}
