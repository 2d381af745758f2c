import { spellName } from './names.ts'
import { StoreError } from './store-error.ts'

/** Records or entries on a page at most. */
const PAGE_MAX = 10_000

/** @throws StoreError `invalid_write` when no page can have this limit */
export function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0 && limit <= PAGE_MAX) return limit
  throw new StoreError('invalid_write', `A page of ${limit} cannot be read.`, `Ask for 1 to ${PAGE_MAX}.`)
}

/** No page begins after a name that cannot be; the first page begins after the empty one. */
export function spellAfter(after: string | undefined): string | undefined {
  return after === undefined ? '' : spellName(after)
}
