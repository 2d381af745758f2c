import { MOVE_PAGE, movableRow, OWN_TENANT, type Rows } from '../movable.ts'
import type { RecordCodec } from '../record-codec.ts'
import { StoreError } from '../store-error.ts'
import { Link } from './link.ts'
import { storeErrorOfPostgres } from './postgres-errors.ts'
import { shelfOf } from './shelf.ts'
import { statement } from './statements.ts'

const exportOf = (schema: string, now: number) => ({
  record: `
    SELECT r.tenant, r.kind, r.key, r.value, r.version, r.expires_at, r.used_at, (
      SELECT json_agg(json_build_array(i.name, i.value)) FROM ${schema}.record_index i
      WHERE i.record_shelf = r.shelf AND i.key = r.key
    )::text AS record_index
    FROM ${schema}.record r
    WHERE r.tenant <> '${OWN_TENANT}' AND (r.expires_at IS NULL OR r.expires_at > ${now})
    ORDER BY r.tenant, r.kind, r.key`,
  claim: `
    SELECT tenant, kind, hash, expires_at FROM ${schema}.claim WHERE expires_at >= ${now} ORDER BY tenant, kind, hash`,
  stream: `SELECT tenant, name, last FROM ${schema}.stream ORDER BY tenant, name`,
  entry: `
    SELECT s.tenant, s.name AS stream, e.seq, e.value, e.expires_at
    FROM ${schema}.stream_entry e JOIN ${schema}.stream s ON s.shelf = e.shelf
    WHERE e.expires_at > ${now} ORDER BY s.tenant, s.name, e.seq`,
})

const importOf = (schema: string) => ({
  record: `
    INSERT INTO ${schema}.record (shelf, key, tenant, kind, value, version, expires_at, used_at)
    SELECT (r->>0)::uuid, r->>1, r->>2, r->>3, r->>4, (r->>5)::bigint, (r->>6)::bigint, (r->>7)::bigint
    FROM jsonb_array_elements($1::jsonb) r`,
  index: `
    INSERT INTO ${schema}.record_index (shelf, key, record_shelf, name, value)
    SELECT (r->>0)::uuid, r->>1, (r->>2)::uuid, r->>3, r->>4 FROM jsonb_array_elements($1::jsonb) r`,
  claim: `
    INSERT INTO ${schema}.claim (shelf, hash, tenant, kind, expires_at)
    SELECT (r->>0)::uuid, r->>1, r->>2, r->>3, (r->>4)::bigint FROM jsonb_array_elements($1::jsonb) r`,
  stream: `
    INSERT INTO ${schema}.stream (shelf, tenant, name, last)
    SELECT (r->>0)::uuid, r->>1, r->>2, (r->>3)::bigint FROM jsonb_array_elements($1::jsonb) r`,
  entry: `
    INSERT INTO ${schema}.stream_entry (shelf, seq, value, expires_at)
    SELECT (r->>0)::uuid, (r->>1)::bigint, r->>2, (r->>3)::bigint FROM jsonb_array_elements($1::jsonb) r`,
})

/** Where rows are. */
export interface Place {
  readonly url: string
  readonly schema: string
  readonly codec: RecordCodec
}

/** All rows of a schema, on a connection of its own, in one snapshot. */
export async function* exportPostgres(place: Place, now: number): Rows {
  const link = new Link(place.url, { patient: true })
  try {
    await link.script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    yield* exportFrom(link, place, now)
  } catch (error) {
    throw storeErrorOfPostgres(error, link.where)
  } finally {
    await link.close()
  }
}

/** All rows into a schema that has none, in one transaction; nobody else writes there meanwhile. */
export async function importPostgres(
  place: Place,
  rows: Rows,
  now: number,
  verify: (written: Rows) => Promise<void>,
): Promise<void> {
  const { url, schema, codec } = place
  const link = new Link(url, { patient: true })
  try {
    await link.script(`
      BEGIN ISOLATION LEVEL READ COMMITTED;
      SET LOCAL synchronous_commit = on;
      LOCK TABLE ${schema}.record, ${schema}.record_index, ${schema}.claim, ${schema}.stream, ${schema}.stream_entry
        IN EXCLUSIVE MODE`)
    const [found] = await link.script(`
      SELECT (SELECT count(*) FROM ${schema}.record WHERE tenant <> '${OWN_TENANT}')
        + (SELECT count(*) FROM ${schema}.claim) + (SELECT count(*) FROM ${schema}.stream) AS rows`)
    if (Number(found?.rows) > 0) {
      throw new StoreError(
        'not_empty',
        `${link.where} has records in the schema ${schema} already.`,
        'Move into a new one.',
      )
    }
    await importInto(link, schema, codec, rows)
    await link.script(`
      SELECT setval('${schema}.record_version', greatest((SELECT max(version) FROM ${schema}.record),
        (SELECT last_value FROM ${schema}.record_version), 1))`)
    await verify(exportFrom(link, place, now))
    await link.script('COMMIT')
  } catch (error) {
    throw storeErrorOfPostgres(error, link.where)
  } finally {
    await link.close() // what was not committed is undone
  }
}

async function* exportFrom(link: Link, { schema, codec }: Place, now: number): Rows {
  const queries = exportOf(schema, Math.floor(now))
  for (const table of ['record', 'claim', 'stream', 'entry'] as const) {
    await link.script(`DECLARE moving NO SCROLL CURSOR FOR ${queries[table]}`)
    for (;;) {
      const rows = await link.script(`FETCH ${MOVE_PAGE} FROM moving`)
      if (rows.length === 0) break
      yield rows.map(row => movableRow(table, row, codec))
    }
    await link.script('CLOSE moving')
  }
}

async function importInto(link: Link, schema: string, codec: RecordCodec, rows: Rows): Promise<void> {
  const inserts = importOf(schema)
  for await (const page of rows) {
    const columns: Record<keyof typeof inserts, unknown[]> = { record: [], index: [], claim: [], stream: [], entry: [] }
    for (const row of page) {
      if (row.table === 'record') {
        const { tenant, kind, key, version, expiresAt = null, usedAt = null } = row
        const shelf = shelfOf(tenant, kind)
        const value = codec.sealText([tenant, kind, key], row.value)
        columns.record.push([shelf, key, tenant, kind, value, version, expiresAt, usedAt])
        for (const [name, of] of row.index) columns.index.push([shelfOf(tenant, kind, name, of), key, shelf, name, of])
      } else if (row.table === 'claim') {
        columns.claim.push([shelfOf(row.tenant, row.kind), row.hash, row.tenant, row.kind, row.expiresAt])
      } else if (row.table === 'stream') {
        columns.stream.push([shelfOf(row.tenant, row.name), row.tenant, row.name, row.last])
      } else columns.entry.push([shelfOf(row.tenant, row.stream), row.seq, row.value, row.expiresAt])
    }
    for (const table of ['record', 'index', 'claim', 'stream', 'entry'] as const) {
      if (columns[table].length === 0) continue
      await link.write(statement(`import_${table}`, inserts[table]), [JSON.stringify(columns[table])])
    }
  }
}
