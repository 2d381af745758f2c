/** Failed guesses at one thing, by one account or one address. */
export interface Guesses {
  readonly failures: number
  /** Unix seconds of the last attempt. */
  readonly last: number
}

export interface GuessLimit {
  /** Guesses without any wait. */
  readonly free: number
  /** The longest wait in seconds: the owner is never locked out for good. */
  readonly longestWaitSeconds: number
}

export const accountGuesses: GuessLimit = { free: 5, longestWaitSeconds: 300 }
/** Many people may share an address. */
export const addressGuesses: GuessLimit = { free: 30, longestWaitSeconds: 300 }

/**
 * Seconds until the next guess is taken: none at first, then 2, 4, 8 … up to the longest (NIST SP 800-63B §5.2.2).
 * At 300 s an attacker gets 288 guesses a day at one account.
 */
export function guessWait(guesses: Guesses | undefined, limit: GuessLimit, now: number): number {
  if (guesses === undefined || guesses.failures < limit.free) return 0
  const wait = Math.min(2 ** Math.min(guesses.failures - limit.free + 1, 20), limit.longestWaitSeconds)
  return Math.max(0, guesses.last + wait - now)
}
