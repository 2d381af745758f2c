import { type PinnedServer, startPinned } from './pinned-server.ts'
import type { SideSaid } from './token-path.ts'

/** The sides of the token path: ours, durable; the least that is durable here, for what could be; and the measure, in memory. */
export const authorities = [
  { name: 'sallyport, durable', start: () => startPinned<SideSaid>('sallyport-authority.ts') },
  { name: 'the least, durable', start: () => startPinned<SideSaid>('least.ts') },
  { name: 'oidc-provider, in memory', start: () => startPinned<SideSaid>('oidc-provider.ts') },
] as const

export type AuthorityServer = PinnedServer<SideSaid>
