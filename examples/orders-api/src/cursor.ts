import type { Position } from './order-store.ts'
import { InvalidInput } from './problem.ts'

/** Where the next page begins, as a text that callers hand back unread. It grants nothing: the filter still applies. */
export function writeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt}:${id}`).toString('base64url')
}

/** @throws InvalidInput for a text that we did not make */
export function readCursor(cursor: string): Position {
  const [, createdAt, id] =
    Buffer.from(cursor, 'base64url')
      .toString('utf8')
      .match(/^(\d{1,12}):([a-z0-9_-]{1,64})$/) ?? []
  if (createdAt === undefined || id === undefined) throw new InvalidInput('cursor is not one that this API gave')
  return { createdAt: Number(createdAt), id }
}
