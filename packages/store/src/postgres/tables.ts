/**
 * The tables of version 1, in one schema. A `shelf` is a digest of the names above a key (shelf.ts): it keeps index rows
 * within Postgres' limit of 2,704 bytes whatever the names, and orders by bytes. Text is compared by code point
 * (`COLLATE "C"`) and the database's encoding is UTF-8. There are no foreign keys: whoever writes a record holds its row
 * lock, and the index follows the record in the same transaction. Versions come from a sequence, never from a row that
 * all writers would wait for.
 */
export const tables = (schema: string): string => `
  CREATE TABLE ${schema}.record (
    shelf uuid NOT NULL, key text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
    value text NOT NULL, version bigint NOT NULL, expires_at bigint, used_at bigint,
    PRIMARY KEY (shelf, key)
  ) WITH (fillfactor = 90, ${OFTEN_VACUUMED});
  CREATE INDEX record_expiry ON ${schema}.record (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX record_sealed ON ${schema}.record (shelf, key) WHERE value COLLATE "C" ^@ 's1.';
  CREATE SEQUENCE ${schema}.record_version;

  CREATE TABLE ${schema}.record_index (
    shelf uuid NOT NULL, key text COLLATE "C" NOT NULL,
    record_shelf uuid NOT NULL, name text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL,
    PRIMARY KEY (shelf, key)
  ) WITH (${OFTEN_VACUUMED});
  CREATE INDEX record_index_of ON ${schema}.record_index (record_shelf, key);

  CREATE TABLE ${schema}.claim (
    shelf uuid NOT NULL, hash text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, expires_at bigint NOT NULL,
    PRIMARY KEY (shelf, hash)
  ) WITH (${OFTEN_VACUUMED});
  CREATE INDEX claim_expiry ON ${schema}.claim (expires_at);

  CREATE TABLE ${schema}.stream (
    shelf uuid PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, last bigint NOT NULL
  ) WITH (fillfactor = 50);

  CREATE TABLE ${schema}.stream_entry (
    shelf uuid NOT NULL, seq bigint NOT NULL, value text NOT NULL, expires_at bigint NOT NULL,
    PRIMARY KEY (shelf, seq)
  ) WITH (${OFTEN_VACUUMED});
  CREATE INDEX stream_entry_expiry ON ${schema}.stream_entry (expires_at);
`

/** Rows come and go; the default of a fifth of a table lets dead ones pile up first. */
const OFTEN_VACUUMED = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0'
