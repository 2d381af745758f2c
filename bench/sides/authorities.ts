import { type PinnedServer, startPinned } from './pinned-server.ts'
import type { SideSaid } from './token-path.ts'

/**
 * The sides of the token path: ours, durable; the least that is durable here, for what could be; and the measure, in memory.
 *
 * @param kept  how many tokens have to be found again: `few` fit the measure's own store in memory, which holds 1,000 records
 *   and walks over all tokens of a grant for each new one; for `many` it gets a map
 */
export const authorities = (kept: 'few' | 'many') =>
  [
    { name: 'sallyport, durable', start: () => startPinned<SideSaid>('sallyport-authority.ts') },
    { name: 'the least, durable', start: () => startPinned<SideSaid>('least.ts') },
    { name: 'oidc-provider, in memory', start: () => startPinned<SideSaid>('oidc-provider.ts', [kept]) },
  ] as const

export type AuthorityServer = PinnedServer<SideSaid>
