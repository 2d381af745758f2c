import { renderVouched } from '../audit/record.ts'
import { conflictError, conflictOf } from '../conflicts.ts'
import type {
  Committed,
  Effects,
  Listed,
  MaybePromise,
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
import { checkTime, type EncodedWrite, type RecordCodec, type RecordColumns } from '../record-codec.ts'
import { lookBehind, peekAlong, peekEach } from '../references.ts'
import type { GroupWriter } from './group-writer.ts'
import { packWrites } from './packed-writes.ts'
import { type FieldReader, pack } from './packing.ts'
import type { Reader } from './reader.ts'
import type { StreamWatch } from './stream-watch.ts'
import type { Sweeper } from './sweeper.ts'

/** What the views of all tenants share. */
export interface Parts {
  readonly nowSeconds: () => number
  readonly codec: RecordCodec
  readonly reader: Reader
  readonly writer: GroupWriter
  readonly sweeper: Sweeper
  readonly streams: StreamWatch
  /** Whether the store was opened with an audit trail. */
  readonly isAudited: boolean
}

/** The store as one tenant sees it: reads on this thread, writes in the next group. */
export class SqliteTenantView implements TenantStore {
  readonly #tenant: string
  readonly #parts: Parts

  constructor(tenant: string, parts: Parts) {
    this.#tenant = spellNewName('tenant', tenant)
    this.#parts = parts
  }

  peek<V>(kind: string, key: string): MaybePromise<Stored<V> | undefined> {
    return orRejected(() => {
      const names = this.#names(kind, key)
      if (names === undefined) return undefined
      const row = this.#parts.reader.peek(...names, this.#parts.nowSeconds())
      return row === undefined ? undefined : this.#parts.codec.decode<V>(names, kind, key, row)
    })
  }

  peekWith<P extends PeekedWith>(kind: string, key: string, references: References): MaybePromise<P | undefined> {
    // All at once, in one snapshot (docs/decisions/0029).
    return peekEach((ofKind, named) => this.peek(ofKind, named), kind, key, references) as MaybePromise<P | undefined>
  }

  async take<V>(kind: string, key: string, effects: Effects): Promise<Taken<V>> {
    const writes = this.#encode(effects.put)
    const audit = renderVouched(effects, this.#parts.isAudited) ?? ''
    const names = this.#names(kind, key)
    if (names === undefined) return { unknown: true }
    const taken = await this.#submit<Taken<V>>(pack(['take', ...names, audit, packWrites(writes)]), verdict => {
      const outcome = verdict.text()
      switch (outcome) {
        case 'unknown':
          return { unknown: true }
        case 'conflict':
          throw conflictError(conflictOf(effects.put, verdict.integer()))
        default: {
          const record = this.#parts.codec.decode<V>(names, kind, key, readColumns(verdict))
          if (outcome === 'lost') return { lost: { record, firstUsedAt: record.usedAt ?? 0 } }
          this.#wake(writes)
          return { won: record }
        }
      }
    })
    const { along } = effects
    if (along === undefined || !('won' in taken)) return taken
    const look = () => peekAlong((of, named) => this.peek(of, named), taken.won, along)
    return { ...taken, along: await lookBehind(look) }
  }

  async claim(kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'> {
    checkTime(expiresAt)
    const fields = ['claim', this.#tenant, spellNewName('kind', kind), spellNewName('hash', hash), String(expiresAt)]
    return this.#submit(pack(fields), verdict => (verdict.text() === 'won' ? 'won' : 'lost'))
  }

  async commit(writes: readonly Write[], vouched?: Vouched): Promise<Committed> {
    const packed = this.#encode(writes)
    const audit = renderVouched(vouched, this.#parts.isAudited)
    if (packed.length === 0) {
      if (audit !== undefined) await this.#parts.writer.record(audit)
      return { committed: true }
    }
    return this.#submit(pack(['commit', this.#tenant, audit ?? '', packWrites(packed)]), verdict => {
      if (verdict.text() === 'conflict') return { conflict: conflictOf(writes, verdict.integer()) }
      this.#wake(packed)
      return { committed: true }
    })
  }

  list<V>(kind: string, page: Page): MaybePromise<Listed<V>> {
    return orRejected(() => this.#list(kind, page))
  }

  read<V>(stream: string, after: number, limit: number): MaybePromise<StreamPage<V>> {
    return orRejected(() => this.#read(stream, after, limit))
  }

  watch(stream: string, onAppend: () => void): () => void {
    return this.#parts.streams.watch(this.#tenant, spellNewName('stream', stream), onAppend)
  }

  #list<V>(kind: string, page: Page): Listed<V> {
    const [spelledKind, after] = [spellName(kind), spellAfter(page.after)]
    const limit = checkLimit(page.limit)
    const rows =
      spelledKind === undefined || after === undefined ? [] : this.#rows(spelledKind, after, page.index, limit)
    const records = rows.slice(0, limit).map(row => {
      const names = [this.#tenant, spelledKind ?? '', row.key] as const
      return this.#parts.codec.decode<V>(names, kind, readName(row.key), row)
    })
    return { records, next: rows.length > limit ? records.at(-1)?.key : undefined }
  }

  #read<V>(stream: string, after: number, limit: number): StreamPage<V> {
    const name = spellName(stream)
    if (name === undefined) return { entries: [], last: 0 }
    const { reader, nowSeconds } = this.#parts
    // The last number first: a commit between the two reads must not show as a number whose entry is missing.
    const last = reader.lastSeq(this.#tenant, name)
    const rows = reader.entries(this.#tenant, name, after, last, nowSeconds(), checkLimit(limit))
    return { entries: rows.map(({ seq, value }) => ({ seq, value: JSON.parse(value) as V })), last }
  }

  #names(kind: string, key: string): [tenant: string, kind: string, key: string] | undefined {
    const [spelledKind, spelledKey] = [spellName(kind), spellName(key)]
    if (spelledKind === undefined || spelledKey === undefined) return undefined
    return [this.#tenant, spelledKind, spelledKey]
  }

  #rows(kind: string, after: string, index: Page['index'], limit: number) {
    const { reader, nowSeconds } = this.#parts
    if (index === undefined) return reader.list(this.#tenant, kind, after, nowSeconds(), limit + 1)
    const [name, value] = [spellName(index[0]), spellName(index[1])]
    if (name === undefined || value === undefined) return []
    return reader.listByIndex(this.#tenant, kind, [name, value], after, nowSeconds(), limit + 1)
  }

  #encode(writes: readonly Write[]): readonly EncodedWrite[] {
    return writes.map(write => this.#parts.codec.encode(this.#tenant, write))
  }

  #submit<T>(operation: string, decode: (verdict: FieldReader) => T): Promise<T> {
    const submitted = this.#parts.writer.submit(operation, decode)
    this.#parts.sweeper.sweepIfDue()
    return submitted
  }

  #wake(writes: readonly EncodedWrite[]): void {
    for (const write of writes) if (write.how === 'append') this.#parts.streams.appended(this.#tenant, write.stream)
  }
}

/**
 * What was read at once, or a rejection, never a throw: of several reads that somebody waits for together, one that throws
 * would leave the others' rejections to nobody, and those end a process.
 */
function orRejected<T>(read: () => T): MaybePromise<T> {
  try {
    return read()
  } catch (error) {
    return Promise.reject(error)
  }
}

function readColumns(verdict: FieldReader): RecordColumns {
  const [value, version] = [verdict.text(), verdict.integer()]
  return { value, version, expiresAt: verdict.optionalInteger(), usedAt: verdict.optionalInteger() }
}
