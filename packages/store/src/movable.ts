import type { RecordCodec } from './record-codec.ts'

/**
 * Rows as they move from one adapter to another: names as spelled (names.ts), values as plain JSON text whatever seals
 * them. The same store has the same rows, in the same order, on every adapter: tables as listed here, each by its names
 * in the order of their bytes.
 */
export type MovableRow =
  | {
      readonly table: 'record'
      readonly tenant: string
      readonly kind: string
      readonly key: string
      readonly value: string
      readonly version: number
      readonly expiresAt: number | undefined
      readonly usedAt: number | undefined
      /** By name. */
      readonly index: readonly (readonly [name: string, value: string])[]
    }
  | {
      readonly table: 'claim'
      readonly tenant: string
      readonly kind: string
      readonly hash: string
      readonly expiresAt: number
    }
  | { readonly table: 'stream'; readonly tenant: string; readonly name: string; readonly last: number }
  | {
      readonly table: 'entry'
      readonly tenant: string
      readonly stream: string
      readonly seq: number
      readonly value: string
      readonly expiresAt: number
    }

export type Rows = AsyncIterable<readonly MovableRow[]>

/** What `migrate` needs of an adapter. */
export interface Movable {
  /** All that lives at the second `now`, in one snapshot, a page at a time. The store's own key check stays. */
  exportRows(now: number): Rows
  /**
   * Writes rows into a store that has none, in one transaction.
   * @param verify is given what the store would export at `now`; when it throws, nothing is written
   * @throws StoreError `not_empty`
   */
  importRows(rows: Rows, now: number, verify: (written: Rows) => Promise<void>): Promise<void>
}

/** Rows that are read or written at once. */
export const MOVE_PAGE = 500

/** The tenant of the store's own records; no caller's tenant has this name's spelling. */
export const OWN_TENANT = '\u0001'

/** A row from the columns that an adapter read; both name them alike. `record_index` is a JSON array of pairs. */
export function movableRow(
  table: MovableRow['table'],
  columns: Readonly<Record<string, unknown>>,
  codec: RecordCodec,
): MovableRow {
  const text = (name: string) => String(columns[name])
  const number = (name: string) => Number(columns[name])
  const optional = (name: string) => (columns[name] === null ? undefined : Number(columns[name]))
  const tenant = text('tenant')
  switch (table) {
    case 'record': {
      const [kind, key] = [text('kind'), text('key')]
      const pairs: [name: string, value: string][] = JSON.parse(text('record_index')) ?? []
      const index = pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))
      const times = { version: number('version'), expiresAt: optional('expires_at'), usedAt: optional('used_at') }
      return { table, tenant, kind, key, value: codec.openText([tenant, kind, key], text('value')), ...times, index }
    }
    case 'claim':
      return { table, tenant, kind: text('kind'), hash: text('hash'), expiresAt: number('expires_at') }
    case 'stream':
      return { table, tenant, name: text('name'), last: number('last') }
    case 'entry': {
      const [seq, expiresAt] = [number('seq'), number('expires_at')]
      return { table, tenant, stream: text('stream'), seq, value: text('value'), expiresAt }
    }
  }
}
