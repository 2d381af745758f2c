import { PLAN } from './functions.ts'

/**
 * Version 2: the audit trail. A group's records are one block of lines, written in the group's transaction: `apply_2` is
 * `apply_1` with that.
 */
export const auditTrail = (schema: string): string => `
  ${tables(schema)}
  ${record(schema)}
  ${apply(schema)}
`

/** Blocks are only ever added, and removed by age; a chain's end has a row of its own. */
const tables = (schema: string): string => `
  CREATE TABLE ${schema}.audit_chain (
    chain text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, hash text NOT NULL
  ) WITH (fillfactor = 50);

  CREATE TABLE ${schema}.audit_block (
    chain text COLLATE "C" NOT NULL, seq bigint NOT NULL, written_at bigint NOT NULL, lines text NOT NULL,
    PRIMARY KEY (chain, seq)
  );
  CREATE INDEX audit_block_age ON ${schema}.audit_block (written_at);
`

/**
 * Makes records the next lines of a chain, as audit/record.ts does. The row of the chain's end is locked until the
 * commit, and taken after all other locks: whoever writes to one chain waits for the one before, and nobody for two.
 */
const record = (schema: string): string => `
  CREATE FUNCTION ${schema}.record_1(now bigint, chain text, records text[]) RETURNS void LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    number bigint; digest text; record text; body text; block text := '';
  BEGIN
    INSERT INTO ${schema}.audit_chain (chain, seq, hash) VALUES (record_1.chain, 0, '') ON CONFLICT DO NOTHING;
    SELECT c.seq, c.hash INTO number, digest FROM ${schema}.audit_chain c WHERE c.chain = record_1.chain FOR UPDATE;
    FOREACH record IN ARRAY records LOOP
      number := number + 1;
      body := left(record, -1) || ',"writer":"' || record_1.chain || '","seq":' || number
        || ',"previous":"' || digest || '"';
      digest := translate(encode(sha256(convert_to(body || '}', 'UTF8')), 'base64'), '+/=', '-_');
      block := block || body || ',"hash":"' || digest || '"}' || chr(10);
    END LOOP;
    UPDATE ${schema}.audit_chain c SET seq = number, hash = digest WHERE c.chain = record_1.chain;
    INSERT INTO ${schema}.audit_block (chain, seq, written_at, lines) VALUES (record_1.chain, number, now, block);
  END $$;
`

/** `apply_1`, and the records of the operations that happened, as a block. */
const apply = (schema: string): string => `
  CREATE FUNCTION ${schema}.apply_2(now bigint, operations jsonb, shelves uuid[], keys text[], streams jsonb, chain text)
  RETURNS TABLE (outcome text, place int, value text, version bigint, expires_at bigint, used_at bigint)
  LANGUAGE plpgsql ${PLAN} AS $$
  #variable_conflict use_column
  DECLARE op jsonb; told text; records text[] := '{}';
  BEGIN
    -- An answer follows the disk, whatever the server's default.
    IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
    IF cardinality(shelves) > 1 THEN
      PERFORM FROM unnest(shelves, keys) AS wanted (shelf, key)
        JOIN ${schema}.record r ON r.shelf = wanted.shelf AND r.key = wanted.key COLLATE "C"
        ORDER BY r.shelf, r.key FOR UPDATE OF r;
    END IF;
    IF streams IS NOT NULL THEN
      INSERT INTO ${schema}.stream (shelf, tenant, name, last)
        SELECT (s->>0)::uuid, s->>1, s->>2, 0 FROM jsonb_array_elements(streams) s ORDER BY 1 ON CONFLICT DO NOTHING;
      PERFORM FROM ${schema}.stream r
        WHERE r.shelf IN (SELECT (s->>0)::uuid FROM jsonb_array_elements(streams) s) ORDER BY r.shelf FOR UPDATE OF r;
    END IF;
    FOR op IN SELECT e FROM jsonb_array_elements(operations) e LOOP
      IF op ? 'undoable' THEN
        BEGIN
          SELECT o.* INTO outcome, place, value, version, expires_at, used_at FROM ${schema}.operate_1(now, op) o;
          IF outcome = 'conflict' THEN RAISE SQLSTATE 'SP001'; END IF;
        EXCEPTION WHEN SQLSTATE 'SP001' THEN
          value := NULL;
        END;
      ELSE
        SELECT o.* INTO outcome, place, value, version, expires_at, used_at FROM ${schema}.operate_1(now, op) o;
      END IF;
      IF op ? 'audit' AND outcome IN ('won', 'committed') THEN records := records || (op->>'audit'); END IF;
      RETURN NEXT;
    END LOOP;
    IF cardinality(records) > 0 THEN PERFORM ${schema}.record_1(now, chain, records); END IF;
    IF streams IS NOT NULL THEN
      SELECT string_agg(r.shelf || ' ' || r.last, ',') INTO told FROM ${schema}.stream r
        WHERE r.shelf IN (SELECT (s->>0)::uuid FROM jsonb_array_elements(streams) s);
      PERFORM pg_notify('${schema}', part) FROM unnest(string_to_array(told, ',')) AS part;
      outcome := 'streams'; place := NULL; value := told; version := NULL; expires_at := NULL; used_at := NULL;
      RETURN NEXT;
    END IF;
  END $$;
`
