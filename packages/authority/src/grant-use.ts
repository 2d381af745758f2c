import { grantRecord } from './account-grants.ts'
import type { AuthorityContext } from './context.ts'
import type { Grant } from './grant.ts'

const hour = 3600

/**
 * Notes that tokens were issued under a grant, to the hour, for the page that shows connected applications. A change of the
 * grant that came meanwhile wins: a note never brings a revoked grant back.
 */
export async function noteGrantUse(grantId: string | undefined, context: AuthorityContext): Promise<void> {
  if (grantId === undefined) return
  const stored = await context.store.peek<Grant>('grant', grantId)
  const used = Math.floor(context.now() / hour) * hour
  if (stored === undefined || (stored.value.last_used_at ?? 0) >= used) return
  const record = grantRecord({ ...stored.value, last_used_at: used })
  await context.store.commit([{ replace: record, version: stored.version }])
}
