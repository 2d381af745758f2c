import { checkWriterName } from '../audit/record.ts'
import type { AuditTrail, AuditTrailOptions } from '../audit/trail.ts'
import type { LaggingStore, Store, TenantStore } from '../contract.ts'
import type { Movable, Rows } from '../movable.ts'
import { RecordCodec } from '../record-codec.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { StoreError } from '../store-error.ts'
import { GroupWriter } from './group-writer.ts'
import { checkKey } from './key-check.ts'
import { Link } from './link.ts'
import { migrate } from './migrations.ts'
import { exportPostgres, importPostgres, type Place } from './move.ts'
import { resealOperation } from './operations.ts'
import { checkOwnSessions } from './own-sessions.ts'
import { Reader } from './reader.ts'
import { Replica } from './replica.ts'
import { SharedTrail } from './shared-trail.ts'
import type { ReplicaAlarm } from './standing.ts'
import { statementsFor } from './statements.ts'
import { StreamWatch } from './stream-watch.ts'
import { Sweeper } from './sweeper.ts'
import { LaggingView, type Parts, PostgresTenantView } from './tenant-view.ts'
import { checkTransport } from './transport.ts'

export interface PostgresStore extends Store, Movable {
  /** Pages as the replica has them, or the primary while the replica may not answer; `undefined` without a replica. */
  lagging(tenant: string): LaggingStore | undefined
  /**
   * Seals again, under the newest master key, what is sealed under an older one, while the store serves.
   * @returns how many records that were
   */
  reseal(): Promise<number>
}

export interface PostgresOptions {
  /**
   * `postgres://user:password@host:port/database?sslmode=verify-full…`, of the primary; never logged. Another machine is named
   * with an `sslmode` that is `verify-full` or `disable`.
   */
  readonly url: string
  /** A streaming standby of the primary, for `lagging`: its address, never logged, and who hears how it is. */
  readonly replica?: { readonly url: string; onAlarm(alarm: ReplicaAlarm): void } | undefined
  /** The schema that holds all; default `sallyport`. Made when missing, if the user may. */
  readonly schema?: string
  /** Connections that write, each with one group in flight (default 2), and that read, pipelined (default 2). */
  readonly writers?: number
  readonly readers?: number
  /** Unix seconds. Machines that share a database keep their clocks within seconds. */
  readonly nowSeconds: () => number
  /** Seals the values of `sealedKinds`. A sealer of another purpose or key cannot open this store any more. */
  readonly sealer: Sealer
  readonly sealedKinds: readonly string[]
  /** This process's name in the audit trail; without, a write that brings a record is refused. */
  readonly audit?: AuditTrailOptions | undefined
}

/**
 * The store on PostgreSQL 13 or newer, for several processes on several machines, straight or through a pooler that pools
 * by session. An answer follows the commit on disk (and whatever `synchronous_commit` asks of standbys).
 *
 * @throws StoreError `unreachable`, `cannot_open`, `read_only`, `newer_database`, `foreign_database`, `busy`, `wrong_key`;
 *   the message says what to do
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { url, nowSeconds, sealer, schema = 'sallyport' } = options
  checkTransport(url)
  if (options.replica !== undefined) checkTransport(options.replica.url)
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(schema)) {
    throw new StoreError('cannot_open', `${schema} cannot be the schema.`, 'Use 1 to 40 of a-z, 0-9 and _.')
  }
  const statements = statementsFor(schema)
  const links = (count: number, to: string) => Array.from({ length: count }, () => new Link(to))
  const reader = new Reader(links(options.readers ?? 2, url), statements)
  const streams = new StreamWatch(url, schema, reader)
  const isAudited = options.audit !== undefined
  const chains = chainNames(options.audit)
  const lanes = links(options.writers ?? 2, url).map((link, at) => ({ link, chain: chains(at) }))
  const writer = new GroupWriter(lanes, statements.apply, nowSeconds, told => streams.told(told))
  const sweeper = new Sweeper(new Link(url), statements.sweep, nowSeconds)
  const codec = new RecordCodec(sealer, options.sealedKinds)
  const replica =
    options.replica && new Replica(options.replica.url, statements, reader, sealer, options.replica.onAlarm)
  const parts = { nowSeconds, codec, reader, writer, sweeper, streams, isAudited }
  const store = new SharedStore(parts, replica, { url, schema, codec }, new SharedTrail(reader, writer, isAudited))
  const migrating = new Link(url, { patient: true })
  try {
    await checkOwnSessions(url)
    await migrate(migrating, schema)
    await checkKey(reader, writer, sealer)
    replica?.watch()
    return store
  } catch (error) {
    await store.close()
    throw error
  } finally {
    await migrating.close()
  }
}

const RESEAL_PAGE = 200
const RESEAL_LOOKS = 5

/** Each connection that writes has a chain of its own, so that none waits for another's commit. */
function chainNames(audit: AuditTrailOptions | undefined): (lane: number) => string | undefined {
  if (audit === undefined) return () => undefined
  checkWriterName(audit.writer)
  return lane => `${audit.writer}.${lane + 1}`
}

class SharedStore implements PostgresStore {
  readonly audit: AuditTrail
  readonly #parts: Parts
  readonly #replica: Replica | undefined
  readonly #place: Place
  #closing: Promise<void> | undefined

  constructor(parts: Parts, replica: Replica | undefined, place: Place, audit: AuditTrail) {
    this.audit = audit
    this.#parts = parts
    this.#replica = replica
    this.#place = place
  }

  of(tenant: string): TenantStore {
    return new PostgresTenantView(tenant, this.#parts)
  }

  lagging(tenant: string): LaggingStore | undefined {
    const { nowSeconds, codec } = this.#parts
    return this.#replica && new LaggingView(tenant, { nowSeconds, codec, reader: this.#replica })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  exportRows(now: number): Rows {
    return exportPostgres(this.#place, now)
  }

  importRows(rows: Rows, now: number, verify: (written: Rows) => Promise<void>): Promise<void> {
    return importPostgres(this.#place, rows, now, verify)
  }

  async reseal(): Promise<number> {
    let resealed = 0
    // A write that was sealed under the older key may still be on its way, from here or from another process; the next
    // look finds it.
    for (let look = 0; look < RESEAL_LOOKS; look += 1) {
      const found = await this.#resealOnce()
      resealed += found
      if (found === 0) break
    }
    return resealed
  }

  /** @returns how many records were found sealed under an older key */
  async #resealOnce(): Promise<number> {
    const { reader, writer, codec } = this.#parts
    let found = 0
    let after = { shelf: '00000000-0000-0000-0000-000000000000', key: '' }
    for (;;) {
      const rows = await reader.sealedAfter(after.shelf, after.key, RESEAL_PAGE)
      const written: Promise<void>[] = []
      for (const { shelf, tenant, kind, key, value } of rows) {
        const next = codec.reseal(tenant, kind, key, value)
        if (next !== undefined) written.push(writer.submit(resealOperation([shelf, key], value, next), () => undefined))
      }
      await Promise.all(written)
      found += written.length
      const end = rows.at(-1)
      if (end === undefined) return found
      after = end
    }
  }

  async #close(): Promise<void> {
    const { streams, sweeper, reader, writer } = this.#parts
    await Promise.all([streams.close(), sweeper.close(), writer.close()])
    await Promise.all([reader.close(), this.#replica?.close()])
  }
}
