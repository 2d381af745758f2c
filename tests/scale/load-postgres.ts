import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { shelfOf } from '../../packages/store/src/postgres/shelf.ts'
import { encoded, makeStore, type Place, query, tenant } from './loaded-store.ts'
import type { HeldRecord } from './population.ts'

/** Characters that are sent at once. */
const chunkCharacters = 1_000_000

/**
 * Fills an empty Postgres store by the adapter's own encoding and COPY, with the indexes made at the end, then vacuums and
 * analyzes. @param now Unix seconds
 */
export async function loadPostgres(place: Place, records: Iterable<HeldRecord>, now: number): Promise<void> {
  await makeStore(place, now)
  const remake = await dropIndexes(place)
  const [record, index] = [
    copy(place, 'record (shelf, key, tenant, kind, value, version, expires_at, used_at)'),
    copy(place, 'record_index (shelf, key, record_shelf, name, value)'),
  ]
  let last = 0
  for (const { kind, key, value, version, expiresAt, usedAt, index: pairs } of encoded(place, records)) {
    const shelf = shelfOf(tenant, kind)
    await record.row([shelf, key, tenant, kind, value, version, expiresAt, usedAt])
    for (const [name, of] of pairs) await index.row([shelfOf(tenant, kind, name, of), key, shelf, name, of])
    last = version
  }
  await Promise.all([record.end(), index.end()])
  await remake()
  await query(place, `SELECT setval('record_version', ${last + 1})`)
  // As a database is that grew over months: its statistics known, nothing left to vacuum at once.
  await query(place, 'VACUUM (ANALYZE, FREEZE)')
}

/** Drops the indexes and keys of the two tables. @returns how to make them again */
async function dropIndexes(place: Place): Promise<() => Promise<void>> {
  const tables = "('record'::regclass, 'record_index'::regclass)"
  const keys = await query(
    place,
    `SELECT conrelid::regclass AS "table", conname AS name, pg_get_constraintdef(oid) AS rule
    FROM pg_constraint WHERE contype = 'p' AND conrelid IN ${tables}`,
  )
  for (const { table, name } of keys) await query(place, `ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  const indexes = await query(
    place,
    `SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS rule FROM pg_index WHERE indrelid IN ${tables}`,
  )
  for (const { name } of indexes) await query(place, `DROP INDEX ${name}`)
  const made = [
    ...keys.map(({ table, name, rule }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${rule}`),
    ...indexes.map(({ rule }) => String(rule)),
  ]
  return async () => {
    for (const each of made) await query(place, `SET maintenance_work_mem = '512MB'; ${each}`)
  }
}

/** One COPY by psql, fed row by row. */
function copy({ postgres }: Place, target: string) {
  const { url = '', schema = '' } = postgres ?? {}
  const child = spawn('psql', [url, '-q', '-v', 'ON_ERROR_STOP=1', '-c', `COPY ${schema}.${target} FROM STDIN`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = once(child, 'close')
  let chunk = ''
  const send = async () => {
    const sent = chunk
    chunk = ''
    if (!child.stdin.write(sent)) await Promise.race([once(child.stdin, 'drain'), ended])
  }
  return {
    row(columns: readonly (string | number | undefined)[]): Promise<void> | undefined {
      chunk += `${columns.map(field).join('\t')}\n`
      return chunk.length < chunkCharacters ? undefined : send()
    },
    async end(): Promise<void> {
      await send()
      child.stdin.end()
      const [code] = await ended
      if (code !== 0) throw new Error(`COPY into ${target} ended with ${code}`)
    },
  }
}

/** A value of COPY's text format. */
function field(value: string | number | undefined): string {
  if (value === undefined) return '\\N'
  if (typeof value === 'number' || !/[\\\t\n\r]/.test(value)) return String(value)
  return value.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}
