import { chmodSync, existsSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { ListFilter, Owner } from '@sallyport/policy'
import type { Conflict, Order } from './order.ts'

export interface PageRequest {
  /** Whose orders the policy lets be listed. */
  readonly seen: Exclude<ListFilter, { refused: string }>
  /** What the caller narrows it to. */
  readonly status?: string
  readonly owner?: string
  readonly after?: Position
  readonly limit: number
}

/** Where a page ended: newest first, ids tell apart what was created in the same second. */
export interface Position {
  readonly createdAt: number
  readonly id: string
}

export interface OrderStore {
  insert(order: Order): void
  find(id: string): Order | undefined
  /** At most `limit` orders that the filter lets through. */
  page(request: PageRequest): Order[]
  /** Of these ids, the orders that the filter lets through. */
  findSeen(ids: readonly string[], seen: PageRequest['seen']): Order[]
  /** Stores `after` if the order still is what was judged, else a conflict: a decision holds for what it saw. */
  replace(before: Order, after: Order): Order | Conflict
  close(): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    owner_type TEXT NOT NULL CHECK (owner_type IN ('user', 'client')),
    owner TEXT NOT NULL,
    item TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    amount_cents INTEGER NOT NULL CHECK (amount_cents = quantity * unit_price_cents),
    refunded_cents INTEGER NOT NULL CHECK (refunded_cents BETWEEN 0 AND amount_cents),
    note TEXT,
    status TEXT NOT NULL CHECK (status IN ('placed', 'cancelled', 'refunded')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS orders_by_owner ON orders (owner_type, owner, created_at DESC, id DESC);
  CREATE INDEX IF NOT EXISTS orders_by_time ON orders (created_at DESC, id DESC);
`

/** The policy's filter, in SQL: NULL lets all through, a JSON list of owners only theirs. */
const SEEN = `(:owners IS NULL OR EXISTS (
  SELECT 1 FROM json_each(:owners) AS seen
  WHERE seen.value ->> 'type' = orders.owner_type AND seen.value ->> 'id' = orders.owner))`

/**
 * Opens the service's own database; each write is on disk before its answer (WAL, synchronous=FULL).
 *
 * @throws Error naming the path when it cannot be read and written
 */
export function openOrderStore(path: string): OrderStore {
  const db = openDatabase(path)
  const insert = db.prepare(`
    INSERT INTO orders VALUES (:id, :owner_type, :owner, :item, :quantity, :unit_price_cents, :amount_cents,
      :refunded_cents, :note, :status, :created_at, :updated_at)`)
  const find = db.prepare('SELECT * FROM orders WHERE id = ?')
  const page = db.prepare(`
    SELECT * FROM orders
    WHERE ${SEEN}
      AND (:status IS NULL OR status = :status)
      AND (:owner IS NULL OR owner = :owner)
      AND (:createdAt IS NULL OR (created_at, id) < (:createdAt, :id))
    ORDER BY created_at DESC, id DESC LIMIT :limit`)
  const batch = db.prepare(`
    SELECT * FROM orders WHERE id IN (SELECT value FROM json_each(:ids)) AND ${SEEN}`)
  const replace = db.prepare(`
    UPDATE orders SET note = :note, refunded_cents = :refunded, status = :status, updated_at = :updatedAt
    WHERE id = :id AND note IS :wasNote AND refunded_cents = :wasRefunded AND status = :wasStatus`)

  return {
    insert: order => {
      insert.run({ ...order, note: order.note ?? null })
    },
    find: id => readRow(find.get(id)),
    page: ({ seen, status, owner, after, limit }) =>
      readRows(
        page.all({
          owners: ownersJson(seen),
          status: status ?? null,
          owner: owner ?? null,
          createdAt: after?.createdAt ?? null,
          id: after?.id ?? null,
          limit,
        }),
      ),
    findSeen: (ids, seen) => readRows(batch.all({ ids: JSON.stringify(ids), owners: ownersJson(seen) })),
    replace(before, after) {
      const { changes } = replace.run({
        id: before.id,
        note: after.note ?? null,
        refunded: after.refunded_cents,
        status: after.status,
        updatedAt: after.updated_at,
        wasNote: before.note ?? null,
        wasRefunded: before.refunded_cents,
        wasStatus: before.status,
      })
      if (changes === 1) return after
      return {
        conflict: 'changed_meanwhile',
        detail: 'The order changed while it was decided on. Read it and try again.',
      }
    },
    close: () => db.close(),
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    const created = !existsSync(path)
    const db = new DatabaseSync(path, { timeout: 5000 })
    if (created) chmodSync(path, 0o600)
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    db.exec(SCHEMA)
    return db
  } catch (error) {
    throw new Error(`the database ${path} cannot be opened: ${error instanceof Error ? error.message : error}`)
  }
}

function ownersJson(seen: PageRequest['seen']): string | null {
  return 'all' in seen ? null : JSON.stringify(seen.owners)
}

type Row = Record<string, SQLOutputValue>

function readRows(rows: readonly Row[]): Order[] {
  return rows.flatMap(row => readRow(row) ?? [])
}

function readRow(row: Row | undefined): Order | undefined {
  if (row === undefined) return undefined
  const note = row.note === null ? {} : { note: String(row.note) }
  return {
    id: String(row.id),
    owner: String(row.owner),
    owner_type: readOwnerType(row.owner_type),
    item: String(row.item),
    quantity: Number(row.quantity),
    unit_price_cents: Number(row.unit_price_cents),
    amount_cents: Number(row.amount_cents),
    refunded_cents: Number(row.refunded_cents),
    ...note,
    status: readStatus(row.status),
    created_at: Number(row.created_at),
    updated_at: Number(row.updated_at),
  }
}

function readOwnerType(value: SQLOutputValue | undefined): Owner['type'] {
  if (value === 'user' || value === 'client') return value
  throw new TypeError(`an order has owner_type ${value}`)
}

function readStatus(value: SQLOutputValue | undefined): Order['status'] {
  if (value === 'placed' || value === 'cancelled' || value === 'refunded') return value
  throw new TypeError(`an order has status ${value}`)
}
