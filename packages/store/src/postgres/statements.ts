import { createHash } from 'node:crypto'

/** A statement as it is prepared on each connection: the name is its own for each text, of every schema and release. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Begins what reads: Pgpool-II sends that to a standby otherwise, which may be behind. */
export const TO_PRIMARY = '/*NO LOAD BALANCE*/ '

/**
 * Named so that a name means one text wherever it is known. A session that a pooler handed on after all then lacks the
 * statement, which is an error, and never runs another store's.
 */
export function statement(verb: string, text: string): Statement {
  return { name: `${verb}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text: TO_PRIMARY + text }
}

export type Statements = ReturnType<typeof statementsFor>

/** What the adapter asks at run time; writes go through the functions of functions.ts. Numbers are bigint in all. */
export function statementsFor(schema: string) {
  const live = (time: string) => `(r.expires_at IS NULL OR r.expires_at > ${time}::bigint)`
  const columns = 'r.key, r.value, r.version, r.expires_at, r.used_at'
  return {
    apply: statement(
      'apply',
      `SELECT * FROM ${schema}.apply_2($1::bigint, $2::jsonb, $3::uuid[], $4::text[], $5::jsonb, $6::text)`,
    ),
    sweep: statement('sweep', `SELECT ${schema}.sweep_1($1::bigint, $2::int) AS removed`),
    peek: statement(
      'peek',
      `SELECT ${columns} FROM ${schema}.record r WHERE r.shelf = $1::uuid AND r.key = $2::text AND ${live('$3')}`,
    ),
    /** Found records lead to those that their values name: `n` is the place in the arrays, `parent` that of who names it. */
    peekWith: statement(
      'peek_with',
      `
        WITH RECURSIVE found AS (
          SELECT 0::bigint AS n, ${columns} FROM ${schema}.record r
          WHERE r.shelf = $1::uuid AND r.key = $2::text AND ${live('$3')}
          UNION ALL
          SELECT w.n, ${columns}
          FROM found f
            JOIN unnest($4::bigint[], $5::uuid[], $6::text[], $7::text[])
              WITH ORDINALITY AS w (parent, shelf, prefix, path, n) ON w.parent = f.n
            JOIN ${schema}.record r
              ON r.shelf = w.shelf AND r.key = w.prefix || (f.value::json #>> string_to_array(w.path, chr(31)))
          WHERE ${live('$3')}
        )
        SELECT * FROM found`,
    ),
    list: statement(
      'list',
      `
        SELECT ${columns} FROM ${schema}.record r WHERE r.shelf = $1::uuid AND r.key > $2::text AND ${live('$3')}
        ORDER BY r.key LIMIT $4::bigint`,
    ),
    listByIndex: statement(
      'list_by_index',
      `
        SELECT ${columns}
        FROM ${schema}.record_index i JOIN ${schema}.record r ON r.shelf = $1::uuid AND r.key = i.key
        WHERE i.shelf = $2::uuid AND i.record_shelf = $1::uuid AND i.value = $3::text AND i.key > $4::text
          AND ${live('$5')}
        ORDER BY i.key LIMIT $6::bigint`,
    ),
    /** One statement is one snapshot: the last number and the entries belong together. */
    read: statement(
      'read',
      `
        SELECT s.last, e.seq, e.value
        FROM ${schema}.stream s LEFT JOIN LATERAL (
          SELECT seq, value FROM ${schema}.stream_entry
          WHERE shelf = s.shelf AND seq > $2::bigint AND seq <= s.last AND expires_at > $3::bigint
          ORDER BY seq LIMIT $4::bigint
        ) e ON true
        WHERE s.shelf = $1::uuid ORDER BY e.seq`,
    ),
    lasts: statement('lasts', `SELECT shelf, last FROM ${schema}.stream WHERE shelf = ANY ($1::uuid[])`),
    /** Of a standby: how old the newest commit is that it has, and the key check of the store it has. */
    standing: statement(
      'standing',
      `
        SELECT pg_is_in_recovery()::text AS is_standby,
          extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::bigint AS seconds_behind,
          (SELECT r.value FROM ${schema}.record r WHERE r.shelf = $1::uuid AND r.key = $2::text) AS key_check`,
    ),
    auditBlocks: statement(
      'audit_blocks',
      `
        SELECT chain, seq, lines FROM ${schema}.audit_block WHERE (chain, seq) > ($1::text, $2::bigint)
        ORDER BY chain, seq LIMIT $3::bigint`,
    ),
    auditHeads: statement('audit_heads', `SELECT chain, seq, hash FROM ${schema}.audit_chain ORDER BY chain`),
    auditDroppable: statement(
      'audit_droppable',
      `
        SELECT DISTINCT ON (b.chain) b.chain, b.seq, b.lines
        FROM ${schema}.audit_block b JOIN ${schema}.audit_chain c ON c.chain = b.chain
        WHERE b.written_at < $1::bigint AND b.seq < c.seq ORDER BY b.chain, b.seq DESC`,
    ),
    auditDrop: statement(
      'audit_drop',
      `DELETE FROM ${schema}.audit_block WHERE chain = $1::text AND seq <= $2::bigint`,
    ),
    sealedAfter: statement(
      'sealed_after',
      `
        SELECT r.shelf, r.key, r.tenant, r.kind, r.value FROM ${schema}.record r
        WHERE (r.shelf, r.key) > ($1::uuid, $2::text) AND r.value COLLATE "C" ^@ 's1.'
        ORDER BY r.shelf, r.key LIMIT $3::bigint`,
    ),
  } satisfies Readonly<Record<string, Statement>>
}
