import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  createSealer,
  type MasterKey,
  openMasterKey,
  openPostgresStore,
  openSqliteStore,
  type SqliteStore,
} from '@sallyport/store'
import pg from 'pg'
import { type EncodedWrite, RecordCodec } from '../../packages/store/src/record-codec.ts'
import type { HeldRecord } from './population.ts'

/** Where an authority's records are: in a file of its folder, or in a schema of a database. The folder holds its master key. */
export interface Place {
  readonly folder: string
  readonly postgres?: { readonly url: string; readonly schema: string }
}

/** The one tenant of an installation. */
export const tenant = 'main'
const sealedKinds = ['signing-key', 'feed-key', 'session', 'interaction']

/** Opens the store at a place as an authority does. @param nowSeconds Unix seconds */
export function openStore(place: Place, nowSeconds: () => number): Promise<SqliteStore> {
  const sealer = createSealer(masterKeyOf(place), 'authority')
  const audit = { path: join(place.folder, 'audit.log'), writer: 'scale' }
  const options = { nowSeconds, sealer, sealedKinds, audit }
  return place.postgres === undefined
    ? openSqliteStore({ ...options, path: databaseOf(place) })
    : openPostgresStore({ ...options, ...place.postgres })
}

export const masterKeyOf = ({ folder }: Place): MasterKey => openMasterKey({ home: folder, environment: {} })

export const databaseOf = ({ folder }: Place): string => join(folder, 'authority.db')

/** Makes the store's tables and key check. @param now Unix seconds */
export async function makeStore(place: Place, now: number): Promise<void> {
  const store = await openStore(place, () => now)
  await store.close()
}

/** What an adapter writes, from records: names spelled, values rendered and sealed. */
export function* encoded(place: Place, records: Iterable<HeldRecord>): Iterable<EncodedRecord> {
  const codec = new RecordCodec(createSealer(masterKeyOf(place), 'authority'), sealedKinds)
  let version = 0
  for (const record of records) {
    const write = codec.encode(tenant, { put: record })
    if (!('index' in write)) throw new TypeError('a record was encoded as something else')
    version += 1
    yield { ...write, version, usedAt: record.usedAt }
  }
}

export interface EncodedRecord extends Omit<Extract<EncodedWrite, { readonly index: unknown }>, 'version'> {
  readonly version: number
  readonly usedAt: number | undefined
}

/** Rows by what they are: kinds of records, and the other tables by their names. */
export type RowCounts = Readonly<Record<string, number>>

/** Everything the store has, expired or not. */
export async function countRows(place: Place): Promise<RowCounts> {
  const tables = ['record_index', 'claim', 'stream', 'stream_entry']
  const kinds = await query(place, `SELECT kind AS name, count(*) AS rows FROM record GROUP BY kind ORDER BY kind`)
  const others = await query(
    place,
    tables.map(table => `SELECT '(${table})' AS name, count(*) AS rows FROM ${table}`).join(' UNION ALL '),
  )
  return Object.fromEntries([...kinds, ...others].map(({ name, rows }) => [String(name), Number(rows)]))
}

/** Records that expired by the second `before` and are still there. */
export async function countExpired(place: Place, before: number): Promise<number> {
  const [row] = await query(place, `SELECT count(*) AS rows FROM record WHERE expires_at <= ${Math.floor(before)}`)
  return Number(row?.rows)
}

/** Bytes on disk: the file with its log, or the relations with their indexes. */
export async function bytesOf(place: Place): Promise<number> {
  if (place.postgres === undefined) {
    const files = readdirSync(place.folder).filter(name => name.startsWith('authority.db'))
    return files.reduce((sum, name) => sum + statSync(join(place.folder, name)).size, 0)
  }
  const [row] = await query(
    place,
    `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('${place.postgres.schema}')`,
  )
  return Number(row?.bytes)
}

export async function query(place: Place, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  if (place.postgres === undefined) {
    const database = new DatabaseSync(databaseOf(place), { readOnly: true })
    try {
      return database.prepare(sql).all()
    } finally {
      database.close()
    }
  }
  const { url, schema } = place.postgres
  const client = await poolOf(url).connect()
  try {
    await client.query(`SET search_path = ${schema}`)
    return (await client.query(sql)).rows
  } finally {
    client.release()
  }
}

const pools = new Map<string, pg.Pool>()

/** A connection that is asked again and again; it closes by itself soon after the last question. */
function poolOf(url: string): pg.Pool {
  const known = pools.get(url)
  if (known !== undefined) return known
  const pool = new pg.Pool({ connectionString: url, idleTimeoutMillis: 500, allowExitOnIdle: true })
  // The server may stop first; nothing is asked of it then.
  pool.on('error', () => pools.delete(url))
  pools.set(url, pool)
  return pool
}
