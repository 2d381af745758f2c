import { mintOpaqueToken, parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { Stored } from '@sallyport/store'
import type { Account } from './account.ts'
import { findAccount } from './accounts.ts'
import type { AuthorityContext } from './context.ts'
import { setUpRemovals } from './set-up-removals.ts'

/** A one-time code with which a new user chooses a password or a passkey. Stored as kind `set-up`, key its selector, index `account`. */
export interface SetUp {
  readonly secret_hash: string
  readonly account: string
}

export const setUpTtlSeconds = { min: 300, max: 604_800, default: 86_400 } as const

/**
 * Makes a set-up link for an account. The code stands in the fragment, which browsers send nowhere: no log holds it.
 *
 * @param ttlSeconds  300 to 604,800 (a week); default a day
 */
export async function createSetUpLink(
  context: AuthorityContext,
  account: string,
  ttlSeconds: number = setUpTtlSeconds.default,
): Promise<{ readonly url: string; readonly code: string; readonly expires_at: number }> {
  const lifetime = Math.min(Math.max(ttlSeconds, setUpTtlSeconds.min), setUpTtlSeconds.max)
  const minted = mintOpaqueToken('su', { nowMs: context.nowMs(), random: length => context.random(length) })
  const expiresAt = context.now() + lifetime
  const value: SetUp = { secret_hash: minted.secretHash, account }
  const record = { kind: 'set-up', key: minted.selector, value, index: { account }, expiresAt }
  await context.store.commit([{ insert: record }])
  return { url: `${context.issuer}/set-up#code=${minted.token}`, code: minted.token, expires_at: expiresAt }
}

/** The account a code is for, while it is unused; shows only, uses nothing up. */
export async function findSetUp(
  code: string | undefined,
  context: AuthorityContext,
): Promise<{ readonly stored: Stored<SetUp>; readonly account: Account } | undefined> {
  const presented = code === undefined ? undefined : parseOpaqueToken(code.trim(), 'su')
  if (presented === undefined) return undefined
  const stored = await context.store.peek<SetUp>('set-up', presented.selector)
  if (stored === undefined || stored.usedAt !== undefined) return undefined
  if (!sameSecret(stored.value.secret_hash, presented.secretHash)) return undefined
  const account = await findAccount(context, stored.value.account)
  return account === undefined || account.disabled ? undefined : { stored, account }
}

/** Uses a code up, and ends every other of its account with it. Exactly one of several simultaneous uses wins. */
export async function takeSetUp(stored: Stored<SetUp>, context: AuthorityContext): Promise<boolean> {
  const others = await setUpRemovals(stored.value.account, context, stored.key)
  return 'won' in (await context.store.take('set-up', stored.key, { put: others }))
}
