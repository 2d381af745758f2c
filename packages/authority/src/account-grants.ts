import type { NewRecord, Stored } from '@sallyport/store'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { AuthorityContext } from './context.ts'
import type { Grant } from './grant.ts'
import { newIdentifier } from './identifier.ts'
import { listAll } from './listed.ts'
import { revokeFamilies } from './revoke.ts'

/** What a user allowed a client before: the oldest grant that is not revoked. */
export async function findGrant(
  subject: string,
  clientId: string,
  context: Pick<AuthorityContext, 'store'>,
): Promise<Grant | undefined> {
  return (await findStoredGrant(subject, clientId, context))?.value
}

/** The same with its version, for whoever writes it anew. */
export async function findStoredGrant(
  subject: string,
  clientId: string,
  context: Pick<AuthorityContext, 'store'>,
): Promise<Stored<Grant> | undefined> {
  const grants = await listAll<Grant>('grant', ['subject_client', `${subject} ${clientId}`], context)
  return grants.find(({ value }) => value.revoked_at === undefined)
}

/** The grant that also holds what was just allowed: the former one widened, or a new one. Not yet stored. */
export function grantAllowing(
  request: AuthorizationRequest,
  subject: string,
  former: Grant | undefined,
  context: AuthorityContext,
): Grant {
  const scopes: Record<string, readonly string[]> = { ...former?.scopes }
  for (const [resource, asked] of Object.entries(request.scopesByResource)) {
    scopes[resource] = [...new Set([...(scopes[resource] ?? []), ...asked])]
  }
  if (former !== undefined) return { ...former, scopes }
  return {
    id: newIdentifier('grant', context),
    subject,
    client_id: request.client_id,
    scopes,
    created_at: context.now(),
  }
}

/** A token whose grant is unknown is refused like one whose grant is revoked, so this is for people who look, not for safety. */
const revokedGrantSeconds = 90 * 86_400

/** A grant as it is stored; a revoked one is forgotten after 90 days. */
export function grantRecord(grant: Grant): NewRecord<Grant> {
  return {
    kind: 'grant',
    key: grant.id,
    value: grant,
    ...(grant.revoked_at !== undefined && { expiresAt: grant.revoked_at + revokedGrantSeconds }),
    index: {
      subject: grant.subject,
      client_id: grant.client_id,
      subject_client: `${grant.subject} ${grant.client_id}`,
    },
  }
}

/** The grants in force of a user, newest first: the connected apps. */
export async function listGrants(subject: string, context: Pick<AuthorityContext, 'store'>): Promise<readonly Grant[]> {
  const grants = await listAll<Grant>('grant', ['subject', subject], context)
  return grants
    .map(({ value }) => value)
    .filter(grant => grant.revoked_at === undefined)
    .toReversed()
}

/** Takes back all that a user allowed a client: the grants are over and every token of theirs is revoked. */
export async function disconnectClient(subject: string, clientId: string, context: AuthorityContext): Promise<void> {
  const grants = await listAll<Grant>('grant', ['subject_client', `${subject} ${clientId}`], context)
  for (const { value } of grants) {
    if (value.revoked_at === undefined)
      await context.store.commit([{ put: grantRecord({ ...value, revoked_at: context.now() }) }])
    // Also of a grant that is over already: whoever ended it may have died before its tokens were.
    await revokeFamilies(context, { grant: value.id }, { actor: subject, reason: 'disconnected_by_user' })
  }
}
