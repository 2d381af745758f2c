import { mintOpaqueToken, parseOpaqueToken, sameSecret } from '@sallyport/credentials'
import type { NewRecord, Stored } from '@sallyport/store'
import type { Account, AuthenticationContext } from './account.ts'
import type { AuthorityContext } from './context.ts'
import { listAll } from './listed.ts'
import { revokeFamilies } from './revoke.ts'
import type { Session } from './session.ts'

/** How somebody proved who they are. */
export interface Authentication {
  readonly account: Account
  readonly acr: AuthenticationContext
  /** RFC 8176 values. */
  readonly amr: readonly string[]
}

export interface SignedIn {
  readonly session: Session
  readonly account: Account
}

/**
 * Begins a session after an authentication. The id is always new and the browser's former session ends, so a session
 * planted before sign-in is worth nothing (session fixation). The same person's tokens of before live on.
 *
 * @returns the session and the cookie's value, which is shown to the browser only; `undefined` when the password it was
 *   begun with was changed meanwhile, which ended every session but this one, not there yet
 */
export async function beginSession(
  authentication: Authentication,
  userAgent: string,
  former: SignedIn | undefined,
  context: AuthorityContext,
): Promise<{ readonly session: Session; readonly token: string } | undefined> {
  const now = context.now()
  const minted = mintOpaqueToken('ss', { nowMs: context.nowMs(), random: length => context.random(length) })
  const { account, acr, amr } = authentication
  const samePerson = former?.account.id === account.id
  const session: Session = {
    id: minted.selector,
    sid: samePerson ? former.session.sid : minted.selector,
    secret_hash: minted.secretHash,
    account: account.id,
    created_at: now,
    auth_time: now,
    acr,
    amr,
    user_agent: userAgent.slice(0, 256),
    clients: samePerson ? former.session.clients : [],
  }
  await context.store.commit([
    { insert: sessionRecord(session, context) },
    ...(former === undefined ? [] : [{ remove: { kind: 'session', key: former.session.id } }]),
  ])
  if (former !== undefined && !samePerson) {
    await revokeFamilies(
      context,
      { session: former.session.sid },
      { actor: account.id, reason: 'other_user_signed_in' },
    )
  }
  if (await isOutdated(authentication, context)) {
    await endSession(session, account.id, 'password_changed', context)
    return undefined
  }
  return { session, token: minted.token }
}

/** Between the judgement of a password and the session lies its slow hash: time enough for the owner to change it. */
async function isOutdated({ account, amr }: Authentication, context: AuthorityContext): Promise<boolean> {
  if (!amr.includes('pwd')) return false
  return (await context.store.peek<Account>('account', account.id))?.value.password !== account.password
}

/** The session of a cookie, with its account; `undefined` when it is over, unknown, or its account is disabled. */
export async function findSession(
  cookie: string | undefined,
  context: AuthorityContext,
): Promise<SignedIn | undefined> {
  const presented = cookie === undefined ? undefined : parseOpaqueToken(cookie, 'ss')
  if (presented === undefined) return undefined
  const stored = await context.store.peek<Session>('session', presented.selector)
  if (stored === undefined || !sameSecret(stored.value.secret_hash, presented.secretHash)) return undefined
  const account = (await context.store.peek<Account>('account', stored.value.account))?.value
  return account !== undefined && isLive(stored.value, account) ? { session: stored.value, account } : undefined
}

/** Notes that a client got tokens in this session. */
export async function noteClient(session: Session, clientId: string, context: AuthorityContext): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const stored = await context.store.peek<Session>('session', session.id)
    if (stored === undefined || stored.value.clients.includes(clientId)) return
    const next: Session = { ...stored.value, clients: [...stored.value.clients, clientId] }
    const result = await context.store.commit([{ replace: sessionRecord(next, context), version: stored.version }])
    if ('committed' in result) return
  }
}

/** Ends a session and the tokens of every client that signed in through it. */
export async function endSession(
  session: Session,
  actor: string,
  reason: string,
  context: AuthorityContext,
): Promise<void> {
  await context.store.commit([{ remove: { kind: 'session', key: session.id } }])
  await revokeFamilies(context, { session: session.sid }, { actor, reason })
}

/** Ends all of an account's sessions, except the one given. @returns how many ended */
export async function endOtherSessions(
  account: string,
  except: string | undefined,
  reason: string,
  context: AuthorityContext,
): Promise<number> {
  const ended = (await listSessions(account, context)).filter(session => session.id !== except)
  for (const session of ended) await endSession(session, account, reason, context)
  return ended.length
}

/** An account's sessions, newest first. */
export async function listSessions(account: string, context: AuthorityContext): Promise<readonly Session[]> {
  const sessions: Stored<Session>[] = await listAll<Session>('session', ['account', account], context)
  return sessions.map(({ value }) => value).toReversed()
}

function isLive(session: Session, account: Account): boolean {
  return !account.disabled && session.created_at >= (account.sessions_valid_from ?? 0)
}

function sessionRecord(session: Session, context: AuthorityContext): NewRecord<Session> {
  return {
    kind: 'session',
    key: session.id,
    value: session,
    expiresAt: session.created_at + context.settings.sessionTtlSeconds,
    index: { account: session.account },
  }
}
