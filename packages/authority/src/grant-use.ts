import type { Stored } from '@sallyport/store'
import { grantRecord } from './account-grants.ts'
import type { AuthorityContext } from './context.ts'
import type { Grant } from './grant.ts'

const hour = 3600

/**
 * Notes that tokens were issued under a grant, to the hour, for the page that shows connected applications. A change of the
 * grant that came meanwhile wins: a note never brings a revoked grant back.
 *
 * @param grant  as it was when the tokens were judged
 */
export async function noteGrantUse(grant: Stored<Grant> | undefined, context: AuthorityContext): Promise<void> {
  const used = Math.floor(context.now() / hour) * hour
  if (grant === undefined || (grant.value.last_used_at ?? 0) >= used) return
  const record = grantRecord({ ...grant.value, last_used_at: used })
  await context.store.commit([{ replace: record, version: grant.version }])
}
