import { hash } from 'node:crypto'
import type { Caller } from '@sallyport/credentials'
import type { NeededScopes } from './scopes.ts'

/** A token that passed every check once, under its hash: the token itself is not kept. */
export interface KnownToken {
  readonly caller: Caller
  /** SHA-256 of the token, base64url. */
  readonly tokenHash: string
  /** Unix seconds after which the token must be judged anew; never after its own end. */
  readonly until: number
  /** The needs that the caller's scopes were last found to meet; the scopes themselves are seldom in the processor's cache. */
  met?: NeededScopes | undefined
}

/**
 * What is known of tokens that passed door one, bounded: the oldest goes when it is full.
 *
 * @see docs/decisions/0007-a-remembered-token-is-taken-back-by-the-feed.md
 */
export interface TokenCache {
  get(tokenHash: string): KnownToken | undefined
  put(known: KnownToken): void
  drop(tokenHash: string): void
  readonly size: number
}

export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

export function tokenCache(maxEntries: number): TokenCache {
  const known = new Map<string, KnownToken>()
  // Goes on from where it stopped: one begun anew would step over all that was deleted before.
  let byAge = known.keys()
  const forgetOldest = (): void => {
    let oldest = byAge.next()
    if (oldest.done) {
      byAge = known.keys()
      oldest = byAge.next()
    }
    if (!oldest.done) known.delete(oldest.value)
  }
  return {
    get: hash => known.get(hash),
    put(token) {
      known.set(token.tokenHash, token)
      if (known.size > maxEntries) forgetOldest()
    },
    drop(hash) {
      known.delete(hash)
    },
    get size() {
      return known.size
    },
  }
}
