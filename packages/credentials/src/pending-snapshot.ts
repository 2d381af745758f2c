import type { FeedPosition, FeedSnapshotMessage, RevocationEntry } from './revocation-feed.ts'

/** A snapshot of which some pieces have come. */
export interface PendingSnapshot extends FeedPosition {
  readonly parts: number
  readonly received: number
  readonly entries: RevocationEntry[]
}

const maxParts = 10_000

/**
 * The snapshot with one more piece. Pieces come in order on one stream; anything else is a gap.
 *
 * @returns `undefined` when the piece does not follow
 */
export function withPiece(
  pending: PendingSnapshot | undefined,
  { epoch, seq, part, parts, entries }: FeedSnapshotMessage,
): PendingSnapshot | undefined {
  if (parts > maxParts) return undefined
  if (part === 0) return { epoch, seq, parts, received: 1, entries: [...entries] }
  const follows =
    pending?.epoch === epoch && pending.seq === seq && pending.parts === parts && pending.received === part
  if (!follows) return undefined
  for (const entry of entries) pending.entries.push(entry)
  return { ...pending, received: part + 1 }
}
