import { type PinnedServer, startPinned } from './pinned-server.ts'
import type { SideSaid } from './token-path.ts'

/** Both sides of the token path: ours, durable, and the measure, in memory. */
export const authorities = [
  { name: 'sallyport, durable', start: () => startPinned<SideSaid>('sallyport-authority.ts') },
  { name: 'oidc-provider, in memory', start: () => startPinned<SideSaid>('oidc-provider.ts') },
] as const

export type AuthorityServer = PinnedServer<SideSaid>
