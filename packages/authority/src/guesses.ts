import { hash } from 'node:crypto'
import type { AuthorityContext } from './context.ts'
import { accountGuesses, addressGuesses, type Guesses, type GuessLimit, guessWait } from './rules/guess-wait.ts'

/** Seconds after which old failures are forgotten. */
const memorySeconds = 86_400
const attempts = 8

/** Who guesses at what. Unknown usernames are counted like known ones, so a wait tells nothing. */
export interface Guesser {
  readonly username: string
  readonly address: string
}

/**
 * Counts a guess before it is judged, so that 50 parallel guesses count 50 times.
 *
 * @returns `go`, or the seconds to wait, with the guess not taken
 */
export async function countGuess(
  guesser: Guesser,
  context: AuthorityContext,
): Promise<'go' | { readonly waitSeconds: number }> {
  const byAddress = await count(addressKey(guesser.address), addressGuesses, context)
  return byAddress === 'go' ? await count(accountKey(guesser.username), accountGuesses, context) : byAddress
}

/** Forgets the account's failures after a right guess, and gives the address its guess back. */
export async function forgiveGuesses(guesser: Guesser, context: AuthorityContext): Promise<void> {
  await context.store.commit([{ remove: { kind: 'guesses', key: accountKey(guesser.username) } }])
  const key = addressKey(guesser.address)
  const stored = await context.store.peek<Guesses>('guesses', key)
  if (stored === undefined) return
  const value: Guesses = { ...stored.value, failures: Math.max(0, stored.value.failures - 1) }
  await context.store.commit([
    { replace: { kind: 'guesses', key, value, expiresAt: context.now() + memorySeconds }, version: stored.version },
  ])
}

async function count(
  key: string,
  limit: GuessLimit,
  context: AuthorityContext,
): Promise<'go' | { readonly waitSeconds: number }> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const now = context.now()
    const stored = await context.store.peek<Guesses>('guesses', key)
    const waitSeconds = guessWait(stored?.value, limit, now)
    if (waitSeconds > 0) return { waitSeconds }
    const value: Guesses = { failures: (stored?.value.failures ?? 0) + 1, last: now }
    const record = { kind: 'guesses', key, value, expiresAt: now + memorySeconds }
    const write = stored === undefined ? { insert: record } : { replace: record, version: stored.version }
    if ('committed' in (await context.store.commit([write]))) return 'go'
  }
  return { waitSeconds: 1 }
}

const accountKey = (username: string): string =>
  hash('sha256', `account ${username.normalize('NFKC').trim().toLowerCase()}`, 'base64url')
const addressKey = (address: string): string => hash('sha256', `address ${address}`, 'base64url')
