import { DatabaseSync } from 'node:sqlite'
import { databaseOf, type EncodedRecord, encoded, makeStore, type Place, tenant } from './loaded-store.ts'
import type { HeldRecord } from './population.ts'

/**
 * Fills an empty SQLite store by the adapter's own encoding, without syncing, and with its secondary indexes made at the
 * end. @param now Unix seconds
 */
export async function loadSqlite(place: Place, records: Iterable<HeldRecord>, now: number): Promise<void> {
  await makeStore(place, now)
  const database = new DatabaseSync(databaseOf(place), { enableForeignKeyConstraints: false })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000')
    const indexes = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
      .all()
    for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
    database.exec('BEGIN')
    insert(database, encoded(place, records))
    database.exec('UPDATE record_version SET last = max(last, (SELECT max(version) FROM record)); COMMIT')
    for (const { sql } of indexes) database.exec(String(sql))
    database.exec('PRAGMA journal_mode = WAL')
  } finally {
    database.close()
  }
}

function insert(database: DatabaseSync, records: Iterable<EncodedRecord>): void {
  const record = database.prepare(
    'INSERT INTO record (tenant, kind, key, value, version, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const index = database.prepare('INSERT INTO record_index (tenant, kind, name, value, key) VALUES (?, ?, ?, ?, ?)')
  for (const { kind, key, value, version, expiresAt = null, usedAt = null, index: pairs } of records) {
    record.run(tenant, kind, key, value, version, expiresAt, usedAt)
    for (const [name, of] of pairs) index.run(tenant, kind, name, of, key)
  }
}
