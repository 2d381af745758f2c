import { hash } from 'node:crypto'
import { networkOf } from '@sallyport/server'
import type { AuthorityContext } from './context.ts'
import { accountGuesses, addressGuesses, type Guesses, type GuessLimit, guessWait } from './rules/guess-wait.ts'

/** Seconds after which old failures are forgotten. */
const memorySeconds = 86_400
/** Seconds for which a browser is known to have signed in to an account. */
const knownBrowserSeconds = 90 * 86_400
const attempts = 8

/** Who guesses at what. Unknown usernames are counted like known ones, so a wait tells nothing. */
export interface Guesser {
  readonly username: string
  readonly address: string
  /** Hash of the browser's binding cookie. */
  readonly browser: string
}

export type Counted = 'go' | { readonly waitSeconds: number }

/**
 * Counts a guess before it is judged, so that 50 parallel guesses count 50 times. A browser that signed in to the account
 * before has a count of its own: strangers' guesses never keep the owner waiting (OWASP, device cookies).
 *
 * @returns `go`, or the seconds to wait, with the guess not taken
 */
export async function countGuess(guesser: Guesser, context: AuthorityContext): Promise<Counted> {
  const byNetwork = await countByNetwork(guesser, context)
  return byNetwork === 'go' ? await count(await accountKey(guesser, context), accountGuesses, context) : byNetwork
}

/** Counts a failure by network alone: of a passkey, which names no account before it is right. */
export function countByNetwork(from: Pick<Guesser, 'address'>, context: AuthorityContext): Promise<Counted> {
  return count(networkKey(from), addressGuesses, context)
}

/** After a right guess: forgets the failures, gives the address its guess back, and knows the browser from now on. */
export async function forgiveGuesses(guesser: Guesser, context: AuthorityContext): Promise<void> {
  const expiresAt = context.now() + knownBrowserSeconds
  await context.store.commit([
    { remove: { kind: 'guesses', key: await accountKey(guesser, context) } },
    { put: { kind: 'known-browser', key: browserKey(guesser), value: {}, expiresAt } },
  ])
  const key = networkKey(guesser)
  const stored = await context.store.peek<Guesses>('guesses', key)
  if (stored === undefined) return
  const value: Guesses = { ...stored.value, failures: Math.max(0, stored.value.failures - 1) }
  await context.store.commit([{ replace: guessesRecord(key, value), version: stored.version }])
}

async function count(key: string, limit: GuessLimit, context: AuthorityContext): Promise<Counted> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const now = context.now()
    const stored = await context.store.peek<Guesses>('guesses', key)
    const waitSeconds = guessWait(stored?.value, limit, now)
    if (waitSeconds > 0) return { waitSeconds }
    const record = guessesRecord(key, { failures: (stored?.value.failures ?? 0) + 1, last: now })
    const write = stored === undefined ? { insert: record } : { replace: record, version: stored.version }
    if ('committed' in (await context.store.commit([write]))) return 'go'
  }
  return { waitSeconds: 1 }
}

async function accountKey(guesser: Guesser, context: AuthorityContext): Promise<string> {
  const known = await context.store.peek('known-browser', browserKey(guesser))
  return known === undefined ? key('account', nameOf(guesser)) : browserKey(guesser)
}

const guessesRecord = (recordKey: string, value: Guesses) => ({
  kind: 'guesses',
  key: recordKey,
  value,
  expiresAt: value.last + memorySeconds,
})

const browserKey = (guesser: Guesser): string => key('browser', guesser.browser, nameOf(guesser))

const networkKey = ({ address }: Pick<Guesser, 'address'>): string => key('network', networkOf(address))

const nameOf = ({ username }: Guesser): string => username.normalize('NFKC').trim().toLowerCase()

const key = (...parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'base64url')
