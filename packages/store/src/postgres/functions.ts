/**
 * The functions of version 1. A group of operations is one call of `apply_1`, thus one statement, one transaction and
 * one round trip, commit included. A released function is never changed: the next one has the next number, and the old
 * one stays while processes of the release before call it.
 *
 * No plan may depend on statistics that were taken when the tables were small, hence the settings of `PLAN`.
 */
export const functions = (schema: string): string => `
  ${writeRecord(schema)}
  ${write(schema)}
  ${operate(schema)}
  ${apply(schema)}
  ${sweep(schema)}
`

export const PLAN = `
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
  SET plan_cache_mode = force_generic_plan`

/** A put, insert or replace. Answers whether its condition held. */
const writeRecord = (schema: string): string => `
  CREATE FUNCTION ${schema}.write_record_1(now bigint, tenant text, w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    s uuid := w->>'shelf'; k text := w->>'key'; v text := w->>'value'; until bigint := w->>'expiresAt';
    how text := w->>'how'; fresh boolean := false;
  BEGIN
    LOOP
      IF how = 'replace' THEN
        UPDATE ${schema}.record r
        SET value = v, version = nextval('${schema}.record_version'), expires_at = until
        WHERE r.shelf = s AND r.key = k AND r.version = (w->>'version')::bigint
          AND (r.expires_at IS NULL OR r.expires_at > now);
        IF NOT FOUND THEN RETURN false; END IF;
        EXIT;
      END IF;
      INSERT INTO ${schema}.record (shelf, key, tenant, kind, value, version, expires_at)
      VALUES (s, k, write_record_1.tenant, w->>'kind', v, nextval('${schema}.record_version'), until)
      ON CONFLICT DO NOTHING;
      fresh := FOUND;
      EXIT WHEN fresh;
      UPDATE ${schema}.record r
      SET value = v, version = nextval('${schema}.record_version'), expires_at = until, used_at = NULL
      WHERE r.shelf = s AND r.key = k AND (how = 'put' OR r.expires_at <= now);
      EXIT WHEN FOUND;
      IF how = 'insert' THEN
        PERFORM FROM ${schema}.record r WHERE r.shelf = s AND r.key = k;
        IF FOUND THEN RETURN false; END IF;
      END IF;
      -- The record was removed between the two statements: again.
    END LOOP;
    IF NOT fresh THEN DELETE FROM ${schema}.record_index i WHERE i.record_shelf = s AND i.key = k; END IF;
    IF w ? 'index' THEN
      INSERT INTO ${schema}.record_index (shelf, key, record_shelf, name, value)
      SELECT (e->>0)::uuid, k, s, e->>1, e->>2 FROM jsonb_array_elements(w->'index') e;
    END IF;
    RETURN true;
  END $$;
`

/** Writes in their order. Answers the place of the first whose condition did not hold; those before it are written. */
const write = (schema: string): string => `
  CREATE FUNCTION ${schema}.write_1(now bigint, tenant text, writes jsonb) RETURNS int LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    w jsonb; place int := 0; number bigint;
  BEGIN
    FOR w IN SELECT e FROM jsonb_array_elements(writes) e LOOP
      CASE w->>'how'
      WHEN 'append' THEN
        UPDATE ${schema}.stream s SET last = s.last + 1 WHERE s.shelf = (w->>'shelf')::uuid RETURNING s.last INTO number;
        INSERT INTO ${schema}.stream_entry (shelf, seq, value, expires_at)
        VALUES ((w->>'shelf')::uuid, number, w->>'value', (w->>'expiresAt')::bigint);
      WHEN 'remove' THEN
        DELETE FROM ${schema}.record r WHERE r.shelf = (w->>'shelf')::uuid AND r.key = w->>'key';
        DELETE FROM ${schema}.record_index i WHERE i.record_shelf = (w->>'shelf')::uuid AND i.key = w->>'key';
      ELSE
        IF NOT ${schema}.write_record_1(now, write_1.tenant, w) THEN RETURN place; END IF;
      END CASE;
      place := place + 1;
    END LOOP;
    RETURN NULL;
  END $$;
`

/** One operation inside the transaction of its group. */
const operate = (schema: string): string => `
  CREATE FUNCTION ${schema}.operate_1(now bigint, op jsonb, OUT outcome text, OUT place int,
    OUT value text, OUT version bigint, OUT expires_at bigint, OUT used_at bigint) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  BEGIN
    CASE op->>'do'
    WHEN 'take' THEN
      UPDATE ${schema}.record r SET used_at = now, version = nextval('${schema}.record_version')
      WHERE r.shelf = (op->>'shelf')::uuid AND r.key = op->>'key' AND r.used_at IS NULL
        AND (r.expires_at IS NULL OR r.expires_at > now)
      RETURNING r.value, r.version, r.expires_at, r.used_at INTO value, version, expires_at, used_at;
      IF FOUND THEN
        outcome := 'won';
        place := ${schema}.write_1(now, op->>'tenant', op->'writes');
      ELSE
        SELECT r.value, r.version, r.expires_at, r.used_at INTO value, version, expires_at, used_at
        FROM ${schema}.record r WHERE r.shelf = (op->>'shelf')::uuid AND r.key = op->>'key'
          AND (r.expires_at IS NULL OR r.expires_at > now);
        outcome := CASE WHEN FOUND THEN 'lost' ELSE 'unknown' END;
      END IF;
    WHEN 'claim' THEN
      outcome := 'lost';
      IF (op->>'expiresAt')::bigint >= now THEN
        INSERT INTO ${schema}.claim AS c (shelf, hash, tenant, kind, expires_at)
        VALUES ((op->>'shelf')::uuid, op->>'hash', op->>'tenant', op->>'kind', (op->>'expiresAt')::bigint)
        ON CONFLICT (shelf, hash) DO UPDATE SET expires_at = excluded.expires_at WHERE c.expires_at < now;
        IF FOUND THEN outcome := 'won'; END IF;
      END IF;
    WHEN 'commit' THEN
      outcome := 'committed';
      place := ${schema}.write_1(now, op->>'tenant', op->'writes');
    WHEN 'reseal' THEN
      -- Compared with the old text, so a write that comes between is not undone. The version stays.
      UPDATE ${schema}.record r SET value = op->>'next'
      WHERE r.shelf = (op->>'shelf')::uuid AND r.key = op->>'key' AND r.value = op->>'value';
      outcome := 'committed';
    END CASE;
    IF place IS NOT NULL THEN outcome := 'conflict'; END IF;
  END $$;
`

/**
 * A group of operations, each with its own verdict, a row each in their order; a last row tells the streams' numbers.
 *
 * Locks are taken first and in one order, so that groups of several processes do not deadlock: rows that are there,
 * then streams. Only two groups that make the same new records in opposite order still can; Postgres then undoes one
 * of them as a whole, and its sender tries again. An operation that may meet a conflict after it wrote something is a
 * subtransaction: its own writes are undone, and no other's.
 *
 * A stream's row lock is held until the end of the transaction, and is released only after the commit is visible to
 * others. So the next number is drawn by somebody who sees the one before as committed, and an undone transaction gives
 * its numbers back: numbers are in the order of commits, and no reader ever sees a gap that is filled later.
 */
const apply = (schema: string): string => `
  CREATE FUNCTION ${schema}.apply_1(now bigint, operations jsonb, shelves uuid[], keys text[], streams jsonb)
  RETURNS TABLE (outcome text, place int, value text, version bigint, expires_at bigint, used_at bigint)
  LANGUAGE plpgsql ${PLAN} AS $$
  #variable_conflict use_column
  DECLARE op jsonb; told text;
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
      RETURN NEXT;
    END LOOP;
    IF streams IS NOT NULL THEN
      SELECT string_agg(r.shelf || ' ' || r.last, ',') INTO told FROM ${schema}.stream r
        WHERE r.shelf IN (SELECT (s->>0)::uuid FROM jsonb_array_elements(streams) s);
      PERFORM pg_notify('${schema}', part) FROM unnest(string_to_array(told, ',')) AS part;
      outcome := 'streams'; place := NULL; value := told; version := NULL; expires_at := NULL; used_at := NULL;
      RETURN NEXT;
    END IF;
  END $$;
`

/**
 * Removes a batch of what expired. The advisory lock is a lease that ends with the transaction, so one process sweeps
 * at a time and a dead one holds nothing; -1 tells the others. Rows that somebody holds are left for the next batch.
 */
const sweep = (schema: string): string => `
  CREATE FUNCTION ${schema}.sweep_1(before bigint, most int) RETURNS int LANGUAGE plpgsql ${PLAN} AS $$
  DECLARE records int; claims int; entries int;
  BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('${schema} sweep', 0)) THEN RETURN -1; END IF;
    WITH expired AS (
      SELECT r.shelf, r.key FROM ${schema}.record r WHERE r.expires_at <= before
      ORDER BY r.expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM ${schema}.record r USING expired e WHERE r.shelf = e.shelf AND r.key = e.key RETURNING r.shelf, r.key
    ), unindexed AS (
      DELETE FROM ${schema}.record_index i USING gone g WHERE i.record_shelf = g.shelf AND i.key = g.key
    ) SELECT count(*) INTO records FROM gone;
    WITH expired AS (
      SELECT c.shelf, c.hash FROM ${schema}.claim c WHERE c.expires_at < before
      ORDER BY c.expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM ${schema}.claim c USING expired e WHERE c.shelf = e.shelf AND c.hash = e.hash RETURNING 1
    ) SELECT count(*) INTO claims FROM gone;
    WITH expired AS (
      SELECT s.shelf, s.seq FROM ${schema}.stream_entry s WHERE s.expires_at <= before
      ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM ${schema}.stream_entry s USING expired e WHERE s.shelf = e.shelf AND s.seq = e.seq RETURNING 1
    ) SELECT count(*) INTO entries FROM gone;
    RETURN greatest(records, claims, entries);
  END $$;
`
