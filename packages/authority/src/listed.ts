import type { Stored } from '@sallyport/store'
import type { AuthorityContext } from './context.ts'

/** Every live, unused record of a kind under one index value, page by page; for lists that one person owns. */
export async function listAll<V>(
  kind: string,
  index: readonly [name: string, value: string],
  context: Pick<AuthorityContext, 'store'>,
): Promise<Stored<V>[]> {
  return (await listEvenUsed<V>(kind, index, context)).filter(({ usedAt }) => usedAt === undefined)
}

/** The same with those that were used: for whoever removes all, because a used record without an expiry stays. */
export async function listEvenUsed<V>(
  kind: string,
  index: readonly [name: string, value: string],
  context: Pick<AuthorityContext, 'store'>,
): Promise<Stored<V>[]> {
  const records: Stored<V>[] = []
  let after: string | undefined
  do {
    const page = await context.store.list<V>(kind, { index, limit: 100, ...(after !== undefined && { after }) })
    records.push(...page.records)
    after = page.next
  } while (after !== undefined)
  return records
}
