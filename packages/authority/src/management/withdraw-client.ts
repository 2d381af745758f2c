import { grantRecord } from '../account-grants.ts'
import type { Grant } from '../grant.ts'
import { revokeClient } from '../revoke.ts'
import type { ManagementContext, ManagementRequest } from './operation.ts'

/** Ends all that a client has: its tokens now and everywhere, and what users allowed it. */
export async function withdrawClient(
  context: ManagementContext,
  request: ManagementRequest<unknown>,
  clientId: string,
): Promise<void> {
  const { authority } = context
  await revokeClient(authority, clientId, {
    actor: request.caller.subject,
    reason: 'client_withdrawn',
    request_id: request.requestId,
  })
  let after: string | undefined
  do {
    const index = ['client_id', clientId] as const
    const page = await authority.store.list<Grant>('grant', {
      index,
      limit: 200,
      ...(after === undefined ? {} : { after }),
    })
    const live = page.records.filter(({ value }) => value.revoked_at === undefined)
    if (live.length > 0) {
      await authority.store.commit(
        live.map(({ value }) => ({ put: grantRecord({ ...value, revoked_at: authority.now() }) })),
      )
    }
    after = page.next
  } while (after !== undefined)
}
