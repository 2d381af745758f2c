import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'
import { SQL } from './statements.ts'

/**
 * The schema's steps, forward only. A released step is never changed; a new one goes to the end and must leave what
 * the release before it reads and writes in place, so that a rolling restart works.
 */
export const MIGRATIONS: readonly { readonly version: number; readonly name: string; readonly sql: string }[] = [
  {
    version: 1,
    name: 'records, claims, streams',
    sql: `
      -- With a rowid: new rows lie side by side whatever their names are, and both indexes stay narrow (decision 0022).
      CREATE TABLE record (
        tenant TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
        value TEXT NOT NULL, version BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT,
        PRIMARY KEY (tenant, kind, key)
      );
      CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;

      CREATE TABLE record_index (
        tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (tenant, kind, name, value, key),
        FOREIGN KEY (tenant, kind, key) REFERENCES record (tenant, kind, key) ON DELETE CASCADE
      ) WITHOUT ROWID;
      CREATE INDEX record_index_of ON record_index (tenant, kind, key);

      CREATE TABLE claim (
        tenant TEXT NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL, expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, kind, hash)
      ) WITHOUT ROWID;
      CREATE INDEX claim_expiry ON claim (expires_at);

      CREATE TABLE stream (
        tenant TEXT NOT NULL, name TEXT NOT NULL, last BIGINT NOT NULL,
        PRIMARY KEY (tenant, name)
      ) WITHOUT ROWID;

      CREATE TABLE stream_entry (
        tenant TEXT NOT NULL, stream TEXT NOT NULL, seq BIGINT NOT NULL, value TEXT NOT NULL, expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, stream, seq)
      ) WITHOUT ROWID;
      CREATE INDEX stream_entry_expiry ON stream_entry (expires_at);

      CREATE TABLE record_version (id INTEGER PRIMARY KEY, last BIGINT NOT NULL);
      INSERT INTO record_version (id, last) VALUES (1, 0);
    `,
  },
  {
    version: 2,
    name: 'audit outbox',
    sql: `
      CREATE TABLE audit_outbox (
        writer TEXT NOT NULL, seq BIGINT NOT NULL, lines TEXT NOT NULL,
        PRIMARY KEY (writer, seq)
      ) WITHOUT ROWID;
      CREATE TABLE audit_head (writer TEXT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
    `,
  },
]

/**
 * Brings a database to the newest version, in one transaction: of several processes that start at once, one does it.
 * @throws StoreError `newer_database`, `foreign_database`
 */
export function migrate(database: DatabaseSync, path: string, steps = MIGRATIONS): void {
  database.exec(SQL.begin)
  try {
    const present = currentVersion(database, path)
    const newest = steps.at(-1)?.version ?? 0
    if (present > newest) {
      const problem = `${path} is of version ${present}, written by a newer Sallyport; this one knows version ${newest}.`
      throw new StoreError(
        'newer_database',
        problem,
        'Start the newer release, or restore a backup of before the upgrade.',
      )
    }
    for (const step of steps.filter(({ version }) => version > present)) {
      database.exec(step.sql)
      database.prepare(SQL.recordMigration).run(step.version, step.name)
    }
    database.exec(SQL.commit)
  } catch (error) {
    if (database.isTransaction) database.exec(SQL.rollback)
    throw error
  }
}

function currentVersion(database: DatabaseSync, path: string): number {
  const tables = database
    .prepare(SQL.tableNames)
    .all()
    .map(row => String(row.name))
  if (tables.length > 0 && !tables.includes('migration')) {
    const problem = `${path} is a database of something else (it has the table ${tables[0]}).`
    throw new StoreError('foreign_database', problem, 'Choose another path for the store.')
  }
  database.exec(SQL.createMigrations)
  return Number(database.prepare(SQL.migratedTo).get()?.version ?? 0)
}
