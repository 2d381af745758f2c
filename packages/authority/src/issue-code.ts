import { mintOpaqueToken } from '@sallyport/credentials'
import { type Stored, StoreError, type Write } from '@sallyport/store'
import { findStoredGrant, grantAllowing, grantRecord } from './account-grants.ts'
import type { AuthorizationCode } from './authorization-code.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { AuthorityContext } from './context.ts'
import { newIdentifier } from './identifier.ts'
import type { Interaction } from './interaction.ts'
import { covers } from './next-step.ts'
import type { Session } from './session.ts'
import { noteClient } from './sessions.ts'

/**
 * Issues the one-time code and remembers what was allowed, in one commit. With an interaction, the commit uses it up:
 * of two simultaneous answers to one page exactly one gets a code.
 *
 * @returns the code, or `login_used` when the interaction was answered before
 * @see OAuth 2.1 §4.1.2
 */
export async function issueCode(
  request: AuthorizationRequest,
  session: Session,
  interaction: Stored<Interaction> | undefined,
  context: AuthorityContext,
): Promise<Issued> {
  for (;;) {
    const issued = await issueUnder(request, session, interaction, context)
    if (issued !== 'grant_changed') return issued
  }
}

type Issued = { readonly code: string } | { readonly refused: 'login_used' }

/** A grant that was taken back meanwhile must not come to life: it is not written again, or only over what was read. */
async function issueUnder(
  request: AuthorizationRequest,
  session: Session,
  interaction: Stored<Interaction> | undefined,
  context: AuthorityContext,
): Promise<Issued | 'grant_changed'> {
  const stored = await findStoredGrant(session.account, request.client_id, context)
  const former = stored?.value
  const known = former !== undefined && covers(former, request.scopesByResource)
  const grant = known ? former : grantAllowing(request, session.account, former, context)
  const allowed: Write =
    stored === undefined ? { insert: grantRecord(grant) } : { replace: grantRecord(grant), version: stored.version }
  const minted = mintOpaqueToken('ac', { nowMs: context.nowMs(), random: length => context.random(length) })
  const now = context.now()
  const code: AuthorizationCode = {
    secret_hash: minted.secretHash,
    client_id: request.client_id,
    redirect_uri: request.redirect_uri,
    code_challenge: request.code_challenge,
    scope: request.scope,
    resources: request.resources,
    ...(request.nonce !== undefined && { nonce: request.nonce }),
    subject: session.account,
    session: session.sid,
    grant: grant.id,
    family: newIdentifier('fam', context),
    auth_time: session.auth_time,
    acr: session.acr,
    amr: session.amr,
    ...(request.claims !== undefined && { claims: request.claims }),
    ...(request.dpop_jkt !== undefined && { dpop_jkt: request.dpop_jkt }),
    issued_at: now,
  }
  await noteClient(session, request.client_id, context)
  const writes: readonly Write[] = [
    { insert: { kind: 'code', key: minted.selector, value: code, expiresAt: now + context.settings.codeTtlSeconds } },
    ...(known ? [] : [allowed]),
  ]
  if (interaction === undefined)
    return 'committed' in (await context.store.commit(writes)) ? { code: minted.token } : 'grant_changed'
  try {
    const taken = await context.store.take<Interaction>('interaction', interaction.key, { put: writes })
    return 'won' in taken ? { code: minted.token } : { refused: 'login_used' }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'conflict') return 'grant_changed'
    throw error
  }
}
