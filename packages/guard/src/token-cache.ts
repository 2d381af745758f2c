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

/**
 * Tokens lie in places that are numbers: V8 interns a string before it looks it up in a map, which takes as long as all
 * the rest of the look-up. Of two tokens with one place the later stays, and the other is judged anew when it comes.
 */
export function tokenCache(maxEntries: number): TokenCache {
  const known = new Map<number, KnownToken>()
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
  const get = (hash: string): KnownToken | undefined => {
    const found = known.get(placeOf(hash))
    return found?.tokenHash === hash ? found : undefined
  }
  return {
    get,
    put(token) {
      known.set(placeOf(token.tokenHash), token)
      if (known.size > maxEntries) forgetOldest()
    },
    drop(hash) {
      if (get(hash) !== undefined) known.delete(placeOf(hash))
    },
    get size() {
      return known.size
    },
  }
}

/** 32 bits of the hash: of 100,000 tokens one shares its place with another. */
function placeOf(hash: string): number {
  let place = 0
  for (let at = 0; at < 8; at += 1) place = Math.imul(place, 33) ^ hash.charCodeAt(at)
  return place
}
