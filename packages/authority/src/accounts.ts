import type { Refusal } from '@sallyport/credentials'
import type { Listed, NewRecord, Stored } from '@sallyport/store'
import type { Account } from './account.ts'
import type { AuthorityContext } from './context.ts'
import { newIdentifier } from './identifier.ts'
import { listAll, listEvenUsed } from './listed.ts'
import { revokeFamilies } from './revoke.ts'
import { judgePassword } from './rules/password.ts'
import { judgeUsername } from './rules/username.ts'
import { endOtherSessions } from './sessions.ts'
import { setUpRemovals } from './set-up-removals.ts'

/** What an administrator says about a new account. */
export interface NewAccount {
  readonly username: string
  readonly name?: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly roles?: readonly string[]
  /** Absent: the person chooses one, or a passkey, by a set-up link. */
  readonly password?: string
}

export type AccountRefusal = Refusal<
  | 'username_malformed'
  | 'username_taken'
  | 'password_short'
  | 'password_long'
  | 'password_known'
  | 'account_unknown'
  | 'conflict'
>

/** Creates an account. @returns it, or why not: `username_malformed`, `username_taken`, `password_…` */
export async function createAccount(context: AuthorityContext, wanted: NewAccount): Promise<Account | AccountRefusal> {
  const judged = judgeUsername(wanted.username)
  if ('refused' in judged) return judged
  const { username } = judged
  const password = wanted.password === undefined ? undefined : judgePassword(wanted.password, username)
  if (typeof password === 'object') return password
  const account: Account = {
    id: newIdentifier('user', context),
    username,
    ...(wanted.name !== undefined && { name: wanted.name }),
    ...(wanted.email !== undefined && { email: wanted.email }),
    ...(wanted.email_verified !== undefined && { email_verified: wanted.email_verified }),
    roles: wanted.roles ?? [],
    ...(wanted.password !== undefined && { password: await context.passwords.hash(wanted.password) }),
    disabled: false,
    created_at: context.now(),
  }
  const result = await context.store.commit([
    { insert: { kind: 'username', key: username, value: { account: account.id } } },
    { insert: accountRecord(account) },
  ])
  if ('committed' in result) return account
  return {
    refused: 'username_taken',
    expected: 'a new username',
    got: username,
    hint: 'Another account has this username.',
  }
}

export async function findAccount(context: Pick<AuthorityContext, 'store'>, id: string): Promise<Account | undefined> {
  return (await context.store.peek<Account>('account', id))?.value
}

/** The account of a username as typed, whatever its case. */
export async function findAccountByUsername(
  context: Pick<AuthorityContext, 'store'>,
  typed: string,
): Promise<Account | undefined> {
  const judged = judgeUsername(typed)
  if ('refused' in judged) return undefined
  const index = ['username', judged.username] as const
  const listed = await context.store.list<Account>('account', { index, limit: 1 })
  return listed.records[0]?.value
}

/** A page of all accounts in the order of their creation. */
export async function listAccounts(
  context: Pick<AuthorityContext, 'store'>,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly accounts: readonly Account[]; readonly next: string | undefined }> {
  const listed: Listed<Account> = await context.store.list<Account>('account', page)
  return { accounts: listed.records.map(({ value }) => value), next: listed.next }
}

/** What may change on an account besides its password; the id and the username stay. */
export type AccountChange = Partial<Pick<Account, 'name' | 'email' | 'email_verified' | 'roles'>>

export async function changeAccount(
  context: AuthorityContext,
  id: string,
  change: AccountChange,
): Promise<Account | AccountRefusal> {
  return rewrite(context, id, account => ({ ...account, ...change }))
}

/**
 * Sets a password. Every session but the one given ends with its tokens, and every set-up link of before.
 *
 * @param keepSession  the session in which the person just changed it, if any
 */
export async function setPassword(
  context: AuthorityContext,
  id: string,
  password: string,
  keepSession?: string,
): Promise<Account | AccountRefusal> {
  const account = await findAccount(context, id)
  if (account === undefined) return unknownAccount
  const judged = judgePassword(password, account.username)
  if (judged !== 'fine') return judged
  const phc = await context.passwords.hash(password)
  const changed = await rewrite(context, id, current => ({ ...current, password: phc }))
  if ('refused' in changed) return changed
  await context.store.commit(await setUpRemovals(id, context))
  await endOtherSessions(id, keepSession, 'password_changed', context)
  return changed
}

/** Switches an account off, ending its sessions and tokens at once, or on again. */
export async function setDisabled(
  context: AuthorityContext,
  id: string,
  disabled: boolean,
  actor: string,
): Promise<Account | AccountRefusal> {
  const changed = await rewrite(context, id, account => ({
    ...account,
    disabled,
    ...(disabled && { sessions_valid_from: context.now() + 1 }),
  }))
  if (!('refused' in changed) && disabled) {
    await endOtherSessions(id, undefined, 'account_disabled', context)
    await revokeFamilies(context, { subject: id }, { actor, reason: 'account_disabled' })
  }
  return changed
}

/** Removes an account with all that belongs to it; its tokens are revoked. The username is free again. */
export async function removeAccount(context: AuthorityContext, id: string, actor: string): Promise<boolean> {
  const disabled = await setDisabled(context, id, true, actor)
  if ('refused' in disabled) return false
  const owned = await Promise.all([
    listAll('passkey', ['account', id], context),
    listEvenUsed('recovery-code', ['account', id], context),
    listAll('grant', ['subject', id], context),
  ])
  await context.store.commit([
    ...owned.flat().map(({ kind, key }) => ({ remove: { kind, key } })),
    { remove: { kind: 'username', key: disabled.username } },
    { remove: { kind: 'account', key: id } },
  ])
  return true
}

async function rewrite(
  context: Pick<AuthorityContext, 'store'>,
  id: string,
  change: (account: Account) => Account,
): Promise<Account | AccountRefusal> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const stored: Stored<Account> | undefined = await context.store.peek<Account>('account', id)
    if (stored === undefined) return unknownAccount
    const next = change(stored.value)
    const result = await context.store.commit([{ replace: accountRecord(next), version: stored.version }])
    if ('committed' in result) return next
  }
  return { refused: 'conflict', hint: 'The account was changed by somebody else at the same time. Try again.' }
}

const unknownAccount: AccountRefusal = {
  refused: 'account_unknown',
  expected: 'an account',
  hint: 'There is no such account.',
}

function accountRecord(account: Account): NewRecord<Account> {
  return { kind: 'account', key: account.id, value: account, index: { username: account.username } }
}
