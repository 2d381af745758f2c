import { mintSelector } from '@sallyport/credentials'
import type { AuthorityContext } from './context.ts'

/** A new identifier of ours: `user_…`, `grant_…`. It sorts by time, says nothing about anyone and authorises nothing. */
export function newIdentifier(
  prefix: 'user' | 'grant' | 'fam' | 'pk' | 'at',
  context: Pick<AuthorityContext, 'nowMs' | 'random'>,
): string {
  return `${prefix}_${mintSelector({ nowMs: context.nowMs(), random: length => context.random(length) })}`
}
