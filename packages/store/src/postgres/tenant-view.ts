import { renderVouched } from '../audit/record.ts'
import { conflictError, conflictOf } from '../conflicts.ts'
import type {
  Along,
  Committed,
  Effects,
  LaggingStore,
  Listed,
  Page,
  PeekedWith,
  References,
  Stored,
  StreamPage,
  Taken,
  TenantStore,
  Vouched,
  Write,
} from '../contract.ts'
import { readName, spellName, spellNewName } from '../names.ts'
import { checkLimit, spellAfter } from '../pages.ts'
import { checkTime, type EncodedWrite, type RecordCodec } from '../record-codec.ts'
import { lookBehind, peekAlong, peekEach } from '../references.ts'
import type { GroupWriter, Operation } from './group-writer.ts'
import type { Link, Row } from './link.ts'
import { claimOperation, commitOperation, takeOperation } from './operations.ts'
import { peekAtOnce } from './peek-at-once.ts'
import { type Reader, type RecordRow, recordRow } from './reader.ts'
import type { StreamWatch } from './stream-watch.ts'
import type { Sweeper } from './sweeper.ts'

/** Who reads pages: the primary's reader, or a replica. */
export type PageReader = Pick<Reader, 'list' | 'listByIndex'>

/** What listing needs. */
export interface ListingParts {
  readonly nowSeconds: () => number
  readonly codec: RecordCodec
  readonly reader: PageReader
}

/** What the views of all tenants share. */
export interface Parts extends ListingParts {
  readonly reader: Reader
  readonly writer: GroupWriter
  readonly sweeper: Sweeper
  readonly streams: StreamWatch
  /** Whether the store was opened with an audit trail. */
  readonly isAudited: boolean
}

/** The store as one tenant sees it where pages may lag; no other verb is there. */
export class LaggingView implements LaggingStore {
  readonly #tenant: string
  readonly #parts: ListingParts

  constructor(tenant: string, parts: ListingParts) {
    this.#tenant = spellNewName('tenant', tenant)
    this.#parts = parts
  }

  listLagging<V>(kind: string, page: Page): Promise<Listed<V>> {
    return listRecords(this.#tenant, this.#parts, kind, page)
  }
}

/** The store as one tenant sees it: reads pipelined, writes in the next group, all on the primary. */
export class PostgresTenantView implements TenantStore {
  readonly #tenant: string
  readonly #parts: Parts

  constructor(tenant: string, parts: Parts) {
    this.#tenant = spellNewName('tenant', tenant)
    this.#parts = parts
  }

  async peek<V>(kind: string, key: string): Promise<Stored<V> | undefined> {
    const names = this.#names(kind, key)
    if (names === undefined) return undefined
    const row = await this.#parts.reader.peek(...names, this.#parts.nowSeconds())
    return row === undefined ? undefined : this.#parts.codec.decode(names, kind, key, row)
  }

  async peekWith<P extends PeekedWith>(kind: string, key: string, references: References): Promise<P | undefined> {
    const names = this.#names(kind, key)
    if (names === undefined) return undefined
    const found =
      (await peekAtOnce(names, { kind, key, references }, this.#parts)) ??
      (await peekEach((ofKind, named) => this.peek(ofKind, named), kind, key, references))
    return (found === 'unknown' ? undefined : found) as P | undefined
  }

  list<V>(kind: string, page: Page): Promise<Listed<V>> {
    return listRecords(this.#tenant, this.#parts, kind, page)
  }

  async read<V>(stream: string, after: number, limit: number): Promise<StreamPage<V>> {
    const name = spellName(stream)
    if (name === undefined) return { entries: [], last: 0 }
    const { reader, nowSeconds } = this.#parts
    const page = await reader.entries(this.#tenant, name, after, nowSeconds(), checkLimit(limit))
    const entries = page.entries.map(({ seq, value }) => ({ seq, value: JSON.parse(value) as V }))
    return { entries, last: page.last }
  }

  async take<V>(kind: string, key: string, effects: Effects): Promise<Taken<V>> {
    const writes = this.#encode(effects.put)
    const audit = renderVouched(effects, this.#parts.isAudited)
    const names = this.#names(kind, key)
    if (names === undefined) return { unknown: true }
    let seen: Promise<PeekedWith | 'unknown' | undefined> | undefined
    const behind = (link: Link) => {
      const asked = { kind, key, references: effects.along ?? {} }
      seen = peekAtOnce(names, asked, { ...this.#parts, reader: this.#parts.reader.on(link) })
      seen.catch(() => undefined) // of a try that failed nobody asks
    }
    const operation = { ...takeOperation(names, writes, audit), behind: effects.along && behind }
    const taken = await this.#submit<Taken<V>>(operation, verdict => {
      if (verdict.outcome === 'unknown') return { unknown: true }
      if (verdict.outcome === 'conflict') throw conflictError(conflictOf(effects.put, Number(verdict.place)))
      const record = this.#parts.codec.decode<V>(names, kind, key, recordRow(verdict))
      return verdict.outcome === 'won' ? { won: record } : { lost: { record, firstUsedAt: record.usedAt ?? 0 } }
    })
    const { along } = effects
    if (along === undefined || !('won' in taken)) return taken
    return { ...taken, along: await lookBehind(async () => this.#behind(taken.won, along, await seen)) }
  }

  async #behind(won: Stored, along: References, found: PeekedWith | 'unknown' | undefined): Promise<Along> {
    // The version of the taking says that it looked after the commit. A record that went in that moment still names others.
    if (typeof found === 'object' && found.record.version === won.version) return found.along
    return peekAlong((of, named) => this.peek(of, named), won, along)
  }

  async claim(kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'> {
    checkTime(expiresAt)
    const names = [this.#tenant, spellNewName('kind', kind), spellNewName('hash', hash)] as const
    return this.#submit(claimOperation(...names, expiresAt), verdict => (verdict.outcome === 'won' ? 'won' : 'lost'))
  }

  async commit(writes: readonly Write[], vouched?: Vouched): Promise<Committed> {
    const encoded = this.#encode(writes)
    const audit = renderVouched(vouched, this.#parts.isAudited)
    if (encoded.length === 0 && audit === undefined) return { committed: true }
    return this.#submit(commitOperation(this.#tenant, encoded, audit), verdict =>
      verdict.outcome === 'conflict' ? { conflict: conflictOf(writes, Number(verdict.place)) } : { committed: true },
    )
  }

  watch(stream: string, onAppend: () => void): () => void {
    return this.#parts.streams.watch(this.#tenant, spellNewName('stream', stream), onAppend)
  }

  #names(kind: string, key: string): [tenant: string, kind: string, key: string] | undefined {
    const [spelledKind, spelledKey] = [spellName(kind), spellName(key)]
    if (spelledKind === undefined || spelledKey === undefined) return undefined
    return [this.#tenant, spelledKind, spelledKey]
  }

  #encode(writes: readonly Write[]): readonly EncodedWrite[] {
    return writes.map(write => this.#parts.codec.encode(this.#tenant, write))
  }

  #submit<T>(operation: Operation, decode: (verdict: Row) => T): Promise<T> {
    const submitted = this.#parts.writer.submit(operation, decode)
    this.#parts.sweeper.sweepIfDue()
    return submitted
  }
}

/** @param tenant as spelled */
async function listRecords<V>(tenant: string, parts: ListingParts, kind: string, page: Page): Promise<Listed<V>> {
  const [spelledKind, after] = [spellName(kind), spellAfter(page.after)]
  const limit = checkLimit(page.limit)
  if (spelledKind === undefined || after === undefined) return { records: [], next: undefined }
  const rows = await listRows(tenant, parts, spelledKind, after, page.index, limit + 1)
  const records = rows
    .slice(0, limit)
    .map(row => parts.codec.decode<V>([tenant, spelledKind, row.key], kind, readName(row.key), row))
  return { records, next: rows.length > limit ? records.at(-1)?.key : undefined }
}

async function listRows(
  tenant: string,
  { reader, nowSeconds }: ListingParts,
  kind: string,
  after: string,
  index: Page['index'],
  limit: number,
): Promise<readonly RecordRow[]> {
  if (index === undefined) return reader.list(tenant, kind, after, nowSeconds(), limit)
  const [name, value] = [spellName(index[0]), spellName(index[1])]
  if (name === undefined || value === undefined) return []
  return reader.listByIndex(tenant, kind, [name, value], after, nowSeconds(), limit)
}
