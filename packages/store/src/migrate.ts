import { createHash } from 'node:crypto'
import { CHECKPOINT_KIND } from './audit/checkpoint-log.ts'
import { LEASE_KIND } from './audit/checkpoints.ts'
import type { Movable, MovableRow, Rows } from './movable.ts'
import { StoreError } from './store-error.ts'

/**
 * Kinds that never move: a refresh token's sealed reply is worth seconds, and a copy of it is worth more to a thief;
 * checkpoints are of the trail that stays where it is.
 */
const LEFT_BEHIND: readonly string[] = ['refresh-reply', CHECKPOINT_KIND, LEASE_KIND]

export interface Migrated {
  readonly rows: Readonly<Record<MovableRow['table'], number>>
  /** SHA-256, as hex, over all rows in their order; equal on every adapter for the same rows. */
  readonly checksum: string
}

/**
 * Moves everything that lives from one store to another, which must be empty: records with their versions, uses and
 * indexes, claims, streams with their numbers. Sealed values are opened with the source's key and sealed with the
 * target's. What was written is read again and its checksum compared before it is committed.
 *
 * Processes that write to the source are stopped before; what they wrote after the beginning would stay there. Claims
 * that a composed store keeps on Redis stay on that Redis.
 *
 * @param now Unix seconds: what has expired by then stays
 * @throws StoreError `not_empty`, `corrupted` when the checksums differ, `wrong_key`, `unsealed`; nothing is written then
 */
export async function migrate(source: Movable, target: Movable, now: number): Promise<Migrated> {
  const sent = new Checksum()
  await target.importRows(sent.over(moving(source.exportRows(now))), now, async written => {
    const received = new Checksum()
    for await (const _ of received.over(written));
    if (received.digest() === sent.digest()) return
    const problem = `The target's checksum ${received.digest()} is not the source's ${sent.digest()}.`
    throw new StoreError('corrupted', problem, 'Nothing was written. Please report this.')
  })
  return { rows: sent.rows, checksum: sent.digest() }
}

/** The checksum of all that would move, such as to compare two stores. @param now Unix seconds */
export async function checksum(store: Movable, now: number): Promise<Migrated> {
  const sum = new Checksum()
  for await (const _ of sum.over(moving(store.exportRows(now))));
  return { rows: sum.rows, checksum: sum.digest() }
}

async function* moving(rows: Rows): Rows {
  for await (const page of rows) yield page.filter(row => row.table !== 'record' || !LEFT_BEHIND.includes(row.kind))
}

/** Counts and digests the rows that pass. */
class Checksum {
  readonly rows = { record: 0, claim: 0, stream: 0, entry: 0 }
  readonly #hash = createHash('sha256')
  #digest: string | undefined

  async *over(rows: Rows): Rows {
    for await (const page of rows) {
      for (const row of page) {
        this.rows[row.table] += 1
        this.#hash.update(`${canonical(row)}\n`)
      }
      yield page
    }
  }

  digest(): string {
    this.#digest ??= this.#hash.digest('hex')
    return this.#digest
  }
}

/** One text for one row: an array in a fixed order. */
function canonical(row: MovableRow): string {
  switch (row.table) {
    case 'record': {
      const { tenant, kind, key, value, version, expiresAt = null, usedAt = null, index } = row
      return JSON.stringify(['record', tenant, kind, key, value, version, expiresAt, usedAt, index])
    }
    case 'claim':
      return JSON.stringify(['claim', row.tenant, row.kind, row.hash, row.expiresAt])
    case 'stream':
      return JSON.stringify(['stream', row.tenant, row.name, row.last])
    case 'entry':
      return JSON.stringify(['entry', row.tenant, row.stream, row.seq, row.value, row.expiresAt])
  }
}
