import { createHash } from 'node:crypto'

/** Shelves that are remembered; they are few, unless tenants or index values are many. */
const REMEMBERED_MAX = 10_000

const remembered = new Map<string, string>()

/**
 * The digest, as a UUID, of the names above a key: tenant and kind of a record, tenant and name of a stream, tenant, kind,
 * name and value of an index. 128 bits of SHA-256: whoever chooses one name cannot meet another's shelf, and whoever
 * chooses both needs 2^64 tries; an index, whose values callers choose, is compared by value as well.
 */
export function shelfOf(...names: readonly string[]): string {
  const path = names.join('\0')
  const known = remembered.get(path)
  if (known !== undefined) return known
  const hex = createHash('sha256').update(path).digest('hex')
  const shelf = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.set(path, shelf)
  return shelf
}
