import { checkWriterName } from '../audit/record.ts'
import type { AuditTrail, FileTrailOptions, ReadFileTrail } from '../audit/trail.ts'
import type { Store, TenantStore } from '../contract.ts'
import { type Movable, OWN_TENANT, type Rows } from '../movable.ts'
import { RecordCodec } from '../record-codec.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { StoreError } from '../store-error.ts'
import { EmbeddedTrail } from './embedded-trail.ts'
import { GroupWriter, type StoreLoad } from './group-writer.ts'
import { exportSqlite, importSqlite } from './move.ts'
import { packWrites } from './packed-writes.ts'
import { pack } from './packing.ts'
import { Reader } from './reader.ts'
import { StreamWatch } from './stream-watch.ts'
import { Sweeper } from './sweeper.ts'
import { type Parts, SqliteTenantView } from './tenant-view.ts'

export interface SqliteStore extends Store, Movable {
  /**
   * Seals again, under the newest master key, what is sealed under an older one, while the store serves.
   * @returns how many records that were
   */
  reseal(): Promise<number>
  /** How its writer is doing, where the adapter counts that. */
  load?(): StoreLoad
}

export interface SqliteOptions {
  /** The database's file; made with mode 0600, its folder with 0700, when missing. `:memory:` is not meant here. */
  readonly path: string
  /** Unix seconds. */
  readonly nowSeconds: () => number
  /** Seals the values of `sealedKinds`. A sealer of another purpose or key cannot open this store any more. */
  readonly sealer: Sealer
  readonly sealedKinds: readonly string[]
  /** The audit trail's file and this process's name in it; without a name, a write that brings a record is refused. */
  readonly audit?: FileTrailOptions | ReadFileTrail | undefined
}

/**
 * The embedded store: one SQLite file in WAL mode, synced before an answer, written by one thread in groups. Several
 * processes of one machine may open the same file.
 *
 * @throws StoreError `read_only`, `cannot_open`, `corrupted`, `disk_full`, `newer_database`, `foreign_database`,
 *   `wrong_key`; the message says what to do
 */
export async function openSqliteStore(options: SqliteOptions): Promise<SqliteStore> {
  const { path, nowSeconds, sealer, sealedKinds, audit } = options
  const writes = audit !== undefined && 'writer' in audit ? audit : undefined
  if (writes !== undefined) checkWriterName(writes.writer)
  const writer = await GroupWriter.open(path, nowSeconds, writes)
  let reader: Reader | undefined
  try {
    reader = new Reader(path)
    writer.beforeAnswers(() => reader?.endSnapshot())
    await checkKey(reader, writer, sealer)
    const codec = new RecordCodec(sealer, sealedKinds)
    const [sweeper, streams] = [new Sweeper(writer, nowSeconds), new StreamWatch(reader)]
    const isAudited = writes !== undefined
    const trail = new EmbeddedTrail(path, audit?.path, writer, isAudited)
    return new EmbeddedStore({ nowSeconds, codec, reader, writer, sweeper, streams, isAudited }, path, trail)
  } catch (error) {
    reader?.close()
    await writer.close()
    throw error
  }
}

const RESEAL_PAGE = 200
const RESEAL_LOOKS = 5

class EmbeddedStore implements SqliteStore {
  readonly audit: AuditTrail
  readonly #parts: Parts
  readonly #path: string
  #closing: Promise<void> | undefined

  constructor(parts: Parts, path: string, audit: AuditTrail) {
    this.audit = audit
    this.#parts = parts
    this.#path = path
  }

  of(tenant: string): TenantStore {
    return new SqliteTenantView(tenant, this.#parts)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  load(): StoreLoad {
    return this.#parts.writer.load()
  }

  exportRows(now: number): Rows {
    return exportSqlite(this.#path, this.#parts.codec, now)
  }

  importRows(rows: Rows, now: number, verify: (written: Rows) => Promise<void>): Promise<void> {
    return importSqlite(this.#path, this.#parts.codec, rows, now, verify)
  }

  async reseal(): Promise<number> {
    let resealed = 0
    // The first look always finds the key check, and waits for a group behind all that was sealed under the older key
    // and still on its way. Another process that has not met the new key yet can come between. The next look finds both.
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
    let after = { tenant: '', kind: '', key: '' }
    for (;;) {
      const rows = reader.sealedAfter(after.tenant, after.kind, after.key, RESEAL_PAGE)
      const written: Promise<number>[] = []
      for (const { tenant, kind, key, value } of rows) {
        const next = codec.reseal(tenant, kind, key, value)
        if (next === undefined) continue
        // Compared with the old text, so a write that comes between is not undone.
        written.push(writer.submit(pack(['reseal', next, tenant, kind, key, value]), verdict => verdict.integer()))
      }
      await Promise.all(written)
      found += written.length
      const end = rows.at(-1)
      if (end === undefined) return found
      after = end
    }
  }

  async #close(): Promise<void> {
    this.#parts.streams.close()
    this.#parts.sweeper.close()
    await this.#parts.writer.close(() => this.#parts.reader.close())
  }
}

const KEY_CHECK = { tenant: OWN_TENANT, kind: 'store', key: 'key-check' } as const

/** A value sealed when the database was made tells at each start whether the key is still the right one. */
async function checkKey(reader: Reader, writer: GroupWriter, sealer: Sealer): Promise<void> {
  const { tenant, kind, key } = KEY_CHECK
  const context = JSON.stringify([tenant, kind, key])
  const stored = () => reader.peek(tenant, kind, key, 0)?.value
  if (stored() === undefined) {
    const value = sealer.seal('sallyport', context)
    const write = { how: 'insert', kind, key, value, expiresAt: undefined, version: undefined, index: [] } as const
    // Another process may be first; then this one's insert is a conflict, and the other's value is what counts.
    await writer.submit(pack(['commit', tenant, '', packWrites([write])]), verdict => {
      if (verdict.text() === 'conflict') verdict.integer()
    })
  }
  try {
    sealer.open(stored() ?? '', context)
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'unsealed') throw cause
    const problem = 'The store is sealed for another purpose, or its key check was changed.'
    throw new StoreError('wrong_key', problem, 'Give the key and purpose that it was made with.', { cause })
  }
}
