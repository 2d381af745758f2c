import { StoreError } from '../store-error.ts'
import { auditTrail } from './audit-functions.ts'
import { functions } from './functions.ts'
import type { Link, Row } from './link.ts'
import { sqlState, storeErrorOfPostgres } from './postgres-errors.ts'
import { tables } from './tables.ts'

export interface Step {
  readonly version: number
  readonly name: string
  readonly sql: (schema: string) => string
}

/**
 * The schema's steps, forward only. A released step is never changed; a new one goes to the end and must leave what the
 * release before it reads and writes in place (its functions too), so that the old version serves while it runs.
 */
export const MIGRATIONS: readonly Step[] = [
  { version: 1, name: 'records, claims, streams', sql: schema => tables(schema) + functions(schema) },
  { version: 2, name: 'audit trail', sql: auditTrail },
]

/** A step that waits for a lock makes all who come after it wait too, so it gives up soon, and tries again. */
const LOCK_TIMEOUT_MS = 2_000
const TRIES = 30
const PAUSE_MS = 500

/**
 * Brings the schema to the newest version, in one transaction under an advisory lock: of several processes that start at
 * once, one does it. A schema that is up to date is only read, so the user needs no right to change it.
 *
 * @throws StoreError `newer_database`, `foreign_database`, `cannot_open`
 */
export async function migrate(link: Link, schema: string, steps = MIGRATIONS): Promise<void> {
  await checkServer(link)
  for (let left = TRIES; (await versionOf(link, schema)) < newest(steps); left -= 1) {
    try {
      await link.script(scriptOf(schema, steps, await versionOf(link, schema)))
    } catch (error) {
      await link.script('ROLLBACK').catch(() => []) // a connection that was lost has undone it
      if (left <= 1 || !['55P03', 'P0001'].includes(sqlState(error) ?? ''))
        throw storeErrorOfPostgres(error, link.where)
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
  const present = await versionOf(link, schema)
  if (present <= newest(steps)) return
  const problem = `${link.where} has version ${present} in the schema ${schema}, written by a newer Sallyport; this one knows version ${newest(steps)}.`
  throw new StoreError('newer_database', problem, 'Start the newer release, or restore a backup of before the upgrade.')
}

/** All steps after `present`; undone when another process was faster. */
function scriptOf(schema: string, steps: readonly Step[], present: number): string {
  const missing = steps.filter(({ version }) => version > present)
  return `
    BEGIN;
    SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
    SELECT pg_advisory_xact_lock(hashtextextended('${schema} migration', 0));
    CREATE SCHEMA IF NOT EXISTS ${schema};
    CREATE TABLE IF NOT EXISTS ${schema}.migration (version int PRIMARY KEY, name text NOT NULL);
    DO $$ BEGIN
      IF (SELECT coalesce(max(version), 0) FROM ${schema}.migration) <> ${present} THEN
        RAISE 'another process migrates';
      END IF;
    END $$;
    ${missing.map(({ version, name, sql }) => `${sql(schema)}; INSERT INTO ${schema}.migration VALUES (${version}, '${name}');`).join('\n')}
    COMMIT`
}

function newest(steps: readonly Step[]): number {
  return steps.at(-1)?.version ?? 0
}

async function versionOf(link: Link, schema: string): Promise<number> {
  const [found] = await read(
    link,
    `SELECT to_regclass('${schema}.migration') AS migration,
      (SELECT min(relname) FROM pg_class WHERE relnamespace = to_regnamespace('${schema}')) AS relation`,
  )
  if (found?.migration === null && found.relation !== null) {
    const problem = `${link.where} has a schema ${schema} of something else (it has ${found.relation}).`
    throw new StoreError('foreign_database', problem, 'Choose another schema for the store.')
  }
  if (found?.migration === null) return 0
  const [row] = await read(link, `SELECT coalesce(max(version), 0) AS version FROM ${schema}.migration`)
  return Number(row?.version)
}

/** UTF-8, since names are. */
async function checkServer(link: Link): Promise<void> {
  const [row] = await read(
    link,
    "SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num') AS version",
  )
  if (row?.encoding !== 'UTF8') {
    const problem = `${link.where} has the encoding ${row?.encoding}.`
    throw new StoreError('cannot_open', problem, "Make a database with ENCODING 'UTF8'.")
  }
  if (Number(row.version) < OLDEST_SERVER) {
    throw new StoreError('cannot_open', `${link.where} is PostgreSQL ${row.version}.`, 'Use PostgreSQL 13 or newer.')
  }
}

const OLDEST_SERVER = 130_000

async function read(link: Link, text: string): Promise<readonly Row[]> {
  try {
    return await link.script(text)
  } catch (error) {
    throw storeErrorOfPostgres(error, link.where)
  }
}
