import type { DatabaseSync } from 'node:sqlite'
import { MOVE_PAGE, type MovableRow, movableRow, OWN_TENANT, type Rows } from '../movable.ts'
import type { RecordCodec } from '../record-codec.ts'
import { StoreError } from '../store-error.ts'
import { openForReading, openForWriting } from './connection.ts'

const EXPORT = {
  record: `
    SELECT tenant, kind, key, value, version, expires_at, used_at, (
      SELECT json_group_array(json_array(i.name, i.value)) FROM record_index i
      WHERE i.tenant = r.tenant AND i.kind = r.kind AND i.key = r.key
    ) AS record_index
    FROM record r
    WHERE (tenant, kind, key) > (?, ?, ?) AND tenant <> '${OWN_TENANT}' AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY tenant, kind, key LIMIT ${MOVE_PAGE}`,
  claim: `
    SELECT tenant, kind, hash, expires_at FROM claim WHERE (tenant, kind, hash) > (?, ?, ?) AND expires_at >= ?
    ORDER BY tenant, kind, hash LIMIT ${MOVE_PAGE}`,
  stream: `
    SELECT tenant, name, last FROM stream WHERE (tenant, name) > (?, ?) ORDER BY tenant, name LIMIT ${MOVE_PAGE}`,
  entry: `
    SELECT tenant, stream, seq, value, expires_at FROM stream_entry WHERE (tenant, stream, seq) > (?, ?, ?) AND expires_at > ?
    ORDER BY tenant, stream, seq LIMIT ${MOVE_PAGE}`,
}

const IMPORT = {
  record: 'INSERT INTO record (tenant, kind, key, value, version, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  index: 'INSERT INTO record_index (tenant, kind, name, value, key) VALUES (?, ?, ?, ?, ?)',
  claim: 'INSERT INTO claim (tenant, kind, hash, expires_at) VALUES (?, ?, ?, ?)',
  stream: 'INSERT INTO stream (tenant, name, last) VALUES (?, ?, ?)',
  entry: 'INSERT INTO stream_entry (tenant, stream, seq, value, expires_at) VALUES (?, ?, ?, ?, ?)',
}

const COUNT = `
  SELECT (SELECT COUNT(*) FROM record WHERE tenant <> '${OWN_TENANT}') + (SELECT COUNT(*) FROM claim)
    + (SELECT COUNT(*) FROM stream) AS found`

/** All rows of a file, from a connection of its own, in one snapshot. */
export async function* exportSqlite(path: string, codec: RecordCodec, now: number): Rows {
  const database = openForReading(path)
  try {
    database.exec('BEGIN')
    yield* exportFrom(database, codec, now)
  } finally {
    database.close()
  }
}

/** All rows into a file that has none, in one transaction. */
export async function importSqlite(
  path: string,
  codec: RecordCodec,
  rows: Rows,
  now: number,
  verify: (written: Rows) => Promise<void>,
): Promise<void> {
  const database = openForWriting(path)
  try {
    database.exec('BEGIN IMMEDIATE')
    if (Number(database.prepare(COUNT).get()?.found) > 0) {
      throw new StoreError('not_empty', `${path} has records already.`, 'Move into a new file.')
    }
    await importInto(database, codec, rows)
    database.exec('UPDATE record_version SET last = max(last, (SELECT coalesce(max(version), 0) FROM record))')
    await verify(exportFrom(database, codec, now))
    database.exec('COMMIT')
  } finally {
    database.close() // what was not committed is undone
  }
}

async function* exportFrom(database: DatabaseSync, codec: RecordCodec, now: number): Rows {
  for (const table of ['record', 'claim', 'stream', 'entry'] as const) {
    const statement = database.prepare(EXPORT[table])
    for (let after = BEGINNING[table]; ; ) {
      const columns = statement.all(...after, ...(table === 'stream' ? [] : [now]))
      const rows = columns.map(each => movableRow(table, each, codec))
      const end = rows.at(-1)
      if (end === undefined) break
      yield rows
      after = placeOf(end)
    }
  }
}

type Place = readonly (string | number)[]

/** Before the first row of each table. */
const BEGINNING: Readonly<Record<MovableRow['table'], Place>> = {
  record: ['', '', ''],
  claim: ['', '', ''],
  stream: ['', ''],
  entry: ['', '', 0],
}

async function importInto(database: DatabaseSync, codec: RecordCodec, rows: Rows): Promise<void> {
  const insert = {
    record: database.prepare(IMPORT.record),
    index: database.prepare(IMPORT.index),
    claim: database.prepare(IMPORT.claim),
    stream: database.prepare(IMPORT.stream),
    entry: database.prepare(IMPORT.entry),
  }
  for await (const page of rows) {
    for (const row of page) {
      if (row.table === 'record') {
        const { tenant, kind, key, version, expiresAt, usedAt } = row
        const value = codec.sealText([tenant, kind, key], row.value)
        insert.record.run(tenant, kind, key, value, version, expiresAt ?? null, usedAt ?? null)
        for (const [name, of] of row.index) insert.index.run(tenant, kind, name, of, key)
      } else if (row.table === 'claim') insert.claim.run(row.tenant, row.kind, row.hash, row.expiresAt)
      else if (row.table === 'stream') insert.stream.run(row.tenant, row.name, row.last)
      else insert.entry.run(row.tenant, row.stream, row.seq, row.value, row.expiresAt)
    }
  }
}

function placeOf(row: MovableRow): Place {
  switch (row.table) {
    case 'record':
      return [row.tenant, row.kind, row.key]
    case 'claim':
      return [row.tenant, row.kind, row.hash]
    case 'stream':
      return [row.tenant, row.name]
    case 'entry':
      return [row.tenant, row.stream, row.seq]
  }
}
