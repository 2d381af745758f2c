import type { AccessTokenClaims, RevocationEntry } from '@sallyport/credentials'
import type { Page, Stored, Write } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'
import { revocationWrites } from './revocations.ts'
import { endedSession } from './rules/session-alive.ts'
import { accessTokenAfterlifeSeconds, familyRecord, type TokenFamily } from './token-family.ts'

/** Whose families end. */
export type FamilySelection =
  | { readonly family: string }
  | { readonly grant: string }
  | { readonly session: string }
  | { readonly subject: string }
  | { readonly client_id: string }

/** For the audit trail: who ended it and why. */
export interface RevocationCause {
  /** A subject, a client, or `system`. */
  readonly actor: string
  /** A word of ours, such as `refresh_replayed`, `signed_out`, `removed_by_user`. */
  readonly reason: string
  readonly request_id?: string
}

const pageSize = 100

/**
 * Ends token families: refresh tokens stop at once, access tokens with the next message of the feed. Each family's record
 * and its entry in the feed are one commit; when this resolves they are on disk and in the audit trail. Families that were
 * over already are left alone.
 *
 * @returns how many families it ended
 * @see OAuth 2.1 §4.3.1, RFC 7009 §2.1, RFC 9700 §4.14.2
 */
export async function revokeFamilies(
  context: AuthorityContext,
  selection: FamilySelection,
  cause: RevocationCause,
): Promise<number> {
  if ('family' in selection) {
    const stored = await context.store.peek<TokenFamily>('family', selection.family)
    return stored !== undefined && (await revokeFamily(stored, context, cause)) ? 1 : 0
  }
  if ('session' in selection) await context.store.commit([{ put: endedSession(selection.session, context.now()) }])
  const [index] = Object.entries(selection)
  if (index === undefined) return 0
  let count = 0
  let after: string | undefined
  do {
    const page: Page = { index, limit: pageSize, ...(after === undefined ? {} : { after }) }
    const listed = await context.store.list<TokenFamily>('family', page)
    const ended = await Promise.all(listed.records.map(stored => revokeFamily(stored, context, cause)))
    count += ended.filter(Boolean).length
    after = listed.next
  } while (after !== undefined)
  return count
}

/** Ends one access token, opaque or JWT, and nothing beside it (RFC 7009 §2.1). */
export async function revokeAccessToken(
  context: AuthorityContext,
  claims: Pick<AccessTokenClaims, 'jti' | 'exp' | 'iat' | 'sub'>,
  cause: RevocationCause,
): Promise<void> {
  const entry: RevocationEntry = { kind: 'token', id: claims.jti, before: context.now(), exp: claims.exp + 100 }
  const writes: readonly Write[] = [{ remove: { kind: 'access', key: claims.jti } }, ...revocationWrites(entry)]
  // The record first: once the token is over, nobody who asks again knows what it was.
  await audit(context, 'token.revoke', claims.jti, cause, { subject: claims.sub })
  await context.store.commit(writes)
}

/** Ends every access token that a client holds; its families are ended by `revokeFamilies`. */
export async function revokeClient(context: AuthorityContext, clientId: string, cause: RevocationCause): Promise<void> {
  await revokeFamilies(context, { client_id: clientId }, cause)
  // A client may come back, a second after it left: what it gets later than clocks can differ is good again.
  const before = context.now() + context.settings.leewaySeconds
  await context.store.commit(revocationWrites(lasting(context, 'client', clientId, before)))
  await audit(context, 'client.revoke', clientId, cause, {})
}

/** Ends every access token that a key signed, because the key leaked; take it out of the ring as well. */
export async function revokeKey(context: AuthorityContext, kid: string, cause: RevocationCause): Promise<void> {
  // A key never comes back; another process may sign with it for a moment yet.
  await context.store.commit(revocationWrites(lasting(context, 'key', kid, Number.POSITIVE_INFINITY)))
  await audit(context, 'key.revoke', kid, cause, {})
}

async function revokeFamily(
  stored: Stored<TokenFamily>,
  context: AuthorityContext,
  cause: RevocationCause,
): Promise<boolean> {
  let current: Stored<TokenFamily> | undefined = stored
  while (current !== undefined && current.value.revoked_at === undefined) {
    const family: TokenFamily = { ...current.value, revoked_at: context.now() }
    const exp = context.now() + accessTokenAfterlifeSeconds
    // A family never comes back, so its tokens are dead whenever they were issued: one signed this moment, too.
    const entry: RevocationEntry = { kind: 'family', id: family.id, before: exp, exp }
    const writes: readonly Write[] = [
      { replace: familyRecord(family), version: current.version },
      ...revocationWrites(entry),
    ]
    if ('committed' in (await context.store.commit(writes))) {
      await recordEnd(family, context, cause)
      return true
    }
    current = await context.store.peek<TokenFamily>('family', family.id)
  }
  // Whoever ended it may have died before saying so, or has not said it so far.
  if (current !== undefined && current.value.revocation_recorded !== true)
    await recordEnd(current.value, context, cause)
  return false
}

/** At least once in the audit trail, before anyone is told that the family is over. */
async function recordEnd(family: TokenFamily, context: AuthorityContext, cause: RevocationCause): Promise<void> {
  await audit(context, 'family.revoke', family.id, cause, { subject: family.subject, client_id: family.client_id })
  const stored = await context.store.peek<TokenFamily>('family', family.id)
  if (stored === undefined || stored.value.revocation_recorded === true) return
  const replace = familyRecord({ ...stored.value, revocation_recorded: true })
  await context.store.commit([{ replace, version: stored.version }])
}

function lasting(
  context: AuthorityContext,
  kind: RevocationEntry['kind'],
  id: string,
  before: number,
): RevocationEntry {
  const exp = context.now() + accessTokenAfterlifeSeconds
  return { kind, id, before: Math.min(before, exp), exp }
}

function audit(
  context: AuthorityContext,
  action: string,
  target: string,
  cause: RevocationCause,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { actor, reason, request_id } = cause
  const record = { at: context.now(), tenant: context.tenant, actor, action, target, outcome: 'done', reason, detail }
  return context.audit(request_id === undefined ? record : { ...record, request_id })
}
