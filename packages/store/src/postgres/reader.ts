import type { ChainPlaces } from '../audit/trail.ts'
import type { RecordColumns } from '../record-codec.ts'
import { type FlatReference, pathSeparator } from '../references.ts'
import { StoreError } from '../store-error.ts'
import type { Link, Row } from './link.ts'
import { shelfOf } from './shelf.ts'
import type { Statement, Statements } from './statements.ts'

export interface RecordRow extends RecordColumns {
  /** As spelled. */
  readonly key: string
}

/** What a server says of itself. */
export interface Standing {
  readonly isStandby: boolean
  /** Age of the newest commit that it has, by the clocks of both; `undefined` before the first since its start. */
  readonly secondsBehind: number | undefined
  /** The sealed value that tells a store's key; empty when there is none. */
  readonly keyCheck: string
}

/** Reads, pipelined over a few connections: many are on their way at once, each in one round trip. Names are as spelled. */
export class Reader {
  readonly #links: readonly Link[]
  readonly #statements: Statements

  constructor(links: readonly Link[], statements: Statements) {
    this.#links = links
    this.#statements = statements
  }

  /** The same on one connection. */
  on(link: Link): Reader {
    return new Reader([link], this.#statements)
  }

  async peek(tenant: string, kind: string, key: string, now: number): Promise<RecordRow | undefined> {
    const rows = await this.#read(this.#statements.peek, [shelfOf(tenant, kind), key, now])
    return rows.map(recordRow)[0]
  }

  /** The record, at 0, and those that the references lead to, by their places from 1. */
  async peekWith(
    tenant: string,
    kind: string,
    key: string,
    now: number,
    references: readonly FlatReference[],
  ): Promise<ReadonlyMap<number, RecordRow>> {
    const rows = await this.#read(this.#statements.peekWith, [
      shelfOf(tenant, kind),
      key,
      now,
      references.map(({ parent }) => parent),
      references.map(({ reference }) => shelfOf(tenant, reference.kind)),
      references.map(({ reference }) => reference.prefix ?? ''),
      references.map(({ reference }) => reference.path.join(pathSeparator)),
    ])
    return new Map(rows.map(row => [Number(row.n), recordRow(row)]))
  }

  async list(tenant: string, kind: string, after: string, now: number, limit: number): Promise<readonly RecordRow[]> {
    return (await this.#read(this.#statements.list, [shelfOf(tenant, kind), after, now, limit])).map(recordRow)
  }

  async listByIndex(
    tenant: string,
    kind: string,
    [name, value]: readonly [name: string, value: string],
    after: string,
    now: number,
    limit: number,
  ): Promise<readonly RecordRow[]> {
    const shelves = [shelfOf(tenant, kind), shelfOf(tenant, kind, name, value)]
    return (await this.#read(this.#statements.listByIndex, [...shelves, value, after, now, limit])).map(recordRow)
  }

  async entries(tenant: string, stream: string, after: number, now: number, limit: number) {
    const rows = await this.#read(this.#statements.read, [shelfOf(tenant, stream), after, now, limit])
    const entries = rows.flatMap(({ seq, value }) =>
      typeof seq === 'string' && typeof value === 'string' ? [{ seq: Number(seq), value }] : [],
    )
    return { entries, last: Number(rows[0]?.last ?? 0) }
  }

  async lasts(shelves: readonly string[]): Promise<readonly { shelf: string; last: number }[]> {
    const rows = await this.#read(this.#statements.lasts, [shelves])
    return rows.map(({ shelf, last }) => ({ shelf: shelf ?? '', last: Number(last) }))
  }

  /** What a server says of itself; the names are those of the key check. */
  async standing(tenant: string, kind: string, key: string): Promise<Standing> {
    const [row] = await this.#read(this.#statements.standing, [shelfOf(tenant, kind), key])
    return {
      isStandby: row?.is_standby === 'true',
      secondsBehind: optionalNumber(row?.seconds_behind),
      keyCheck: row?.key_check ?? '',
    }
  }

  /** Sealed records of all tenants after a place, in the order of their shelves and keys. */
  async sealedAfter(shelf: string, key: string, limit: number) {
    const rows = await this.#read(this.#statements.sealedAfter, [shelf, key, limit])
    return rows.map(row => ({
      shelf: row.shelf ?? '',
      tenant: row.tenant ?? '',
      kind: row.kind ?? '',
      key: row.key ?? '',
      value: row.value ?? '',
    }))
  }

  /** Blocks of the audit trail after a place, each chain in its order. */
  async auditBlocks(chain: string, seq: number, limit: number) {
    const rows = await this.#read(this.#statements.auditBlocks, [chain, seq, limit])
    return rows.map(row => ({ chain: row.chain ?? '', seq: Number(row.seq), lines: row.lines ?? '' }))
  }

  async auditHeads(): Promise<ChainPlaces> {
    const rows = await this.#read(this.#statements.auditHeads, [])
    return Object.fromEntries(rows.map(({ chain, seq, hash }) => [chain, { seq: Number(seq), hash: hash ?? '' }]))
  }

  /** The newest block of each chain that is older than a time, but for the chain's end. @param before Unix seconds */
  async auditDroppable(before: number): Promise<readonly { chain: string; lines: string }[]> {
    const rows = await this.#read(this.#statements.auditDroppable, [before])
    return rows.map(({ chain, lines }) => ({ chain: chain ?? '', lines: lines ?? '' }))
  }

  /** Removes a chain's blocks up to a number; again does no harm. */
  async dropBlocks(chain: string, upTo: number): Promise<void> {
    await this.#read(this.#statements.auditDrop, [chain, upTo])
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map(link => link.close()))
  }

  #read(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const [first, ...others] = this.#links
    if (first === undefined) throw new StoreError('failed', 'A reader has no connection.', 'Give it one.')
    const least = others.reduce((best, link) => (link.inFlight < best.inFlight ? link : best), first)
    return least.read(statement, values)
  }
}

export function recordRow(row: Row): RecordRow {
  return {
    key: row.key ?? '',
    value: row.value ?? '',
    version: Number(row.version),
    expiresAt: optionalNumber(row.expires_at),
    usedAt: optionalNumber(row.used_at),
  }
}

function optionalNumber(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text)
}
