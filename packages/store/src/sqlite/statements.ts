/**
 * All SQL of the adapter. It is SQL that Postgres takes too (parameters there are numbered), except `tableNames`,
 * those that begin with PRAGMA. "Live" is written out in each statement: not past its expiry at the time given.
 */
export const SQL = {
  /** Checkpoints of its own would be inside a commit, and somebody would wait for them (checkpoints.ts). */
  pragmas: `
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;
    PRAGMA wal_autocheckpoint = 0`,
  journalMode: 'PRAGMA journal_mode',
  dataVersion: 'PRAGMA data_version',
  logLength: 'PRAGMA wal_checkpoint(NOOP)',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  beginLogAnew: 'PRAGMA wal_checkpoint(TRUNCATE)',

  begin: 'BEGIN IMMEDIATE',
  beginReading: 'BEGIN',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  savepoint: 'SAVEPOINT operation',
  release: 'RELEASE SAVEPOINT operation',
  undo: 'ROLLBACK TO SAVEPOINT operation',

  tableNames: "SELECT name FROM sqlite_schema WHERE type = 'table'",
  createMigrations: 'CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL)',
  migratedTo: 'SELECT MAX(version) AS version FROM migration',
  recordMigration: 'INSERT INTO migration (version, name) VALUES (?, ?)',

  peek: `
    SELECT key, value, version, expires_at, used_at FROM record
    WHERE tenant = ? AND kind = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)`,
  list: `
    SELECT key, value, version, expires_at, used_at FROM record
    WHERE tenant = ? AND kind = ? AND key > ? AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY key LIMIT ?`,
  listByIndex: `
    SELECT r.key, r.value, r.version, r.expires_at, r.used_at
    FROM record_index i JOIN record r ON r.tenant = i.tenant AND r.kind = i.kind AND r.key = i.key
    WHERE i.tenant = ? AND i.kind = ? AND i.name = ? AND i.value = ? AND i.key > ?
      AND (r.expires_at IS NULL OR r.expires_at > ?)
    ORDER BY i.key LIMIT ?`,

  drawVersions: 'UPDATE record_version SET last = last + ? WHERE id = 1 RETURNING last',
  put: `
    INSERT INTO record (tenant, kind, key, value, version, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant, kind, key) DO UPDATE
    SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at, used_at = NULL`,
  insertNew: `
    INSERT INTO record (tenant, kind, key, value, version, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant, kind, key) DO NOTHING`,
  insert: `
    INSERT INTO record (tenant, kind, key, value, version, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant, kind, key) DO UPDATE
    SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at, used_at = NULL
    WHERE record.expires_at <= ?`,
  replace: `
    UPDATE record SET value = ?, version = ?, expires_at = ?
    WHERE tenant = ? AND kind = ? AND key = ? AND version = ? AND (expires_at IS NULL OR expires_at > ?)`,
  remove: 'DELETE FROM record WHERE tenant = ? AND kind = ? AND key = ?',
  take: `
    UPDATE record SET used_at = ?, version = ?
    WHERE tenant = ? AND kind = ? AND key = ? AND used_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
    RETURNING key, value, version, expires_at, used_at`,
  reseal: 'UPDATE record SET value = ? WHERE tenant = ? AND kind = ? AND key = ? AND value = ?',

  addIndex: 'INSERT INTO record_index (tenant, kind, name, value, key) VALUES (?, ?, ?, ?, ?)',
  clearIndex: 'DELETE FROM record_index WHERE tenant = ? AND kind = ? AND key = ?',

  claim: `
    INSERT INTO claim (tenant, kind, hash, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (tenant, kind, hash) DO UPDATE SET expires_at = excluded.expires_at WHERE claim.expires_at < ?`,

  nextSeq: `
    INSERT INTO stream (tenant, name, last) VALUES (?, ?, 1)
    ON CONFLICT (tenant, name) DO UPDATE SET last = stream.last + 1
    RETURNING last`,
  append: 'INSERT INTO stream_entry (tenant, stream, seq, value, expires_at) VALUES (?, ?, ?, ?, ?)',
  lastSeq: 'SELECT last FROM stream WHERE tenant = ? AND name = ?',
  read: `
    SELECT seq, value FROM stream_entry
    WHERE tenant = ? AND stream = ? AND seq > ? AND seq <= ? AND expires_at > ?
    ORDER BY seq LIMIT ?`,

  sweepRecords: `
    DELETE FROM record WHERE (tenant, kind, key) IN
    (SELECT tenant, kind, key FROM record WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  sweepClaims: `
    DELETE FROM claim WHERE (tenant, kind, hash) IN
    (SELECT tenant, kind, hash FROM claim WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
  sweepEntries: `
    DELETE FROM stream_entry WHERE (tenant, stream, seq) IN
    (SELECT tenant, stream, seq FROM stream_entry WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,

  outbox: 'SELECT lines FROM audit_outbox WHERE writer = ? ORDER BY seq',
  allOutboxes: 'SELECT lines FROM audit_outbox ORDER BY writer, seq',
  keepAudit: 'INSERT INTO audit_outbox (writer, seq, lines) VALUES (?, ?, ?)',
  dropOutbox: 'DELETE FROM audit_outbox WHERE writer = ? AND seq <= ?',
  auditHead: 'SELECT seq, hash FROM audit_head WHERE writer = ?',
  auditHeads: `
    SELECT writer, seq, hash, (
      SELECT lines FROM audit_outbox o WHERE o.writer = h.writer AND o.seq > h.seq ORDER BY o.seq DESC LIMIT 1
    ) AS waiting
    FROM audit_head h ORDER BY writer`,
  setAuditHead: `
    INSERT INTO audit_head (writer, seq, hash) VALUES (?, ?, ?)
    ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`,

  /** Sealed texts begin with "s1."; the upper bound is the next text of that length. */
  sealedAfter: `
    SELECT tenant, kind, key, value FROM record
    WHERE (tenant, kind, key) > (?, ?, ?) AND value >= 's1.' AND value < 's1/'
    ORDER BY tenant, kind, key LIMIT ?`,
} as const
