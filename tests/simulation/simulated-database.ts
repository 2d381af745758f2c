import type {
  AuditRecord,
  Committed,
  Listed,
  NewRecord,
  Page,
  Stored,
  StreamPage,
  Taken,
  Write,
} from '@sallyport/store'
import { conflictError } from '../../packages/store/src/conflicts.ts'
import { spellName, spellNewName } from '../../packages/store/src/names.ts'
import { checkLimit, spellAfter } from '../../packages/store/src/pages.ts'
import { checkTime } from '../../packages/store/src/record-codec.ts'
import { StoreError } from '../../packages/store/src/store-error.ts'

/** A record as the simulated disk has it. */
export interface Row {
  readonly kind: string
  readonly key: string
  /** JSON: nobody holds a reference into the disk. */
  readonly text: string
  readonly version: number
  readonly expiresAt: number | undefined
  readonly usedAt: number | undefined
  readonly index: readonly string[]
}

/** Told of every change of a record at the moment it becomes durable. */
export type OnChange = (before: Row | undefined, after: Row | undefined) => void

/** Told of every audit record at the moment it becomes durable, after what it is about. */
export type OnRecord = (record: AuditRecord) => void

type Entry = { readonly text: string; readonly expiresAt: number }
type Undo = () => void

const valueBytesMax = 16 * 1024 * 1024

/**
 * One tenant's durable data: each verb happens at once and as a whole. What may happen around a verb (delays, crashes,
 * lost answers, other processes in between) is added by whoever calls it.
 */
export class SimulatedDatabase {
  readonly #now: () => number
  readonly #onChange: OnChange
  readonly #onRecord: OnRecord
  readonly #kinds = new Map<string, Map<string, Row>>()
  readonly #indexes = new Map<string, Set<string>>()
  readonly #claims = new Map<string, number>()
  readonly #streams = new Map<string, Entry[]>()
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #changes: (readonly [before: Row | undefined, after: Row | undefined])[] = []
  #version = 1000

  constructor(nowSeconds: () => number, onChange: OnChange = () => undefined, onRecord: OnRecord = () => undefined) {
    this.#now = nowSeconds
    this.#onChange = onChange
    this.#onRecord = onRecord
  }

  peek<V>(kind: string, key: string): Stored<V> | undefined {
    const row = this.row(kind, key)
    return row === undefined ? undefined : shown<V>(row)
  }

  row(kind: string, key: string): Row | undefined {
    return this.#live(this.#kinds.get(kind)?.get(key))
  }

  rows(kind: string): Iterable<Row> {
    return [...(this.#kinds.get(kind)?.values() ?? [])].filter(row => this.#live(row) !== undefined)
  }

  /** @throws StoreError `conflict`, and then nothing is changed */
  take<V>(kind: string, key: string, writes: readonly Write[], audit?: AuditRecord): Taken<V> {
    const row = this.row(kind, key)
    if (row === undefined) return { unknown: true }
    if (row.usedAt !== undefined) return { lost: { record: shown<V>(row), firstUsedAt: row.usedAt } }
    const used = { ...row, usedAt: this.#now(), version: this.#nextVersion() }
    const conflict = this.#atomically(undo => {
      this.#set(used, undo)
      return this.#apply(writes, undo)
    })
    if (conflict !== undefined) throw conflictError(conflict)
    if (audit !== undefined) this.#onRecord(audit)
    this.#wake(writes)
    return { won: shown<V>(used) }
  }

  claim(kind: string, hash: string, expiresAt: number): 'won' | 'lost' {
    checkTime(expiresAt)
    const name = place(spellNewName('kind', kind), spellNewName('hash', hash))
    if (expiresAt < this.#now() || (this.#claims.get(name) ?? -1) >= this.#now()) return 'lost'
    this.#claims.set(name, expiresAt)
    return 'won'
  }

  commit(writes: readonly Write[], audit?: AuditRecord): Committed {
    const conflict = this.#atomically(undo => this.#apply(writes, undo))
    if (conflict !== undefined) return { conflict: { kind: conflict.kind, key: conflict.key } }
    if (audit !== undefined) this.#onRecord(audit)
    this.#wake(writes)
    return { committed: true }
  }

  list<V>(kind: string, { index, after, limit }: Page): Listed<V> {
    const most = checkLimit(limit)
    const from = spellAfter(after)
    if (from === undefined) return { records: [], next: undefined }
    const all = this.#kinds.get(kind) ?? new Map<string, Row>()
    const keys = index === undefined ? all.keys() : (this.#indexes.get(indexed(kind, ...index)) ?? [])
    const rows = [...keys]
      .map(key => this.#live(all.get(key)))
      .filter(row => row !== undefined)
      .filter(row => after === undefined || byCodePoint(row.key, after) > 0)
      .sort((a, b) => byCodePoint(a.key, b.key))
    const records = rows.slice(0, most).map(row => shown<V>(row))
    return { records, next: rows.length > most ? records.at(-1)?.key : undefined }
  }

  read<V>(stream: string, after: number, limit: number): StreamPage<V> {
    const most = checkLimit(limit)
    const all = this.#streams.get(stream) ?? []
    const entries: { seq: number; value: V }[] = []
    for (let at = Math.max(0, after); at < all.length && entries.length < most; at += 1) {
      const entry = all[at]
      if (entry !== undefined && entry.expiresAt > this.#now())
        entries.push({ seq: at + 1, value: parse<V>(entry.text) })
    }
    return { entries, last: all.length }
  }

  watch(stream: string, onAppend: () => void): () => void {
    const watchers = this.#watchers.get(stream) ?? new Set()
    this.#watchers.set(stream, watchers)
    watchers.add(onAppend)
    return () => watchers.delete(onAppend)
  }

  #live(row: Row | undefined): Row | undefined {
    return row !== undefined && (row.expiresAt ?? Number.POSITIVE_INFINITY) > this.#now() ? row : undefined
  }

  /** Versions are no counter that a caller could foretell. */
  #nextVersion(): number {
    this.#version += 10
    return this.#version
  }

  /** Takes back what was done when a condition did not hold. */
  #atomically(change: (undo: Undo[]) => NewRecord | undefined): NewRecord | undefined {
    const undo: Undo[] = []
    const conflict = change(undo)
    if (conflict !== undefined) for (const step of undo.reverse()) step()
    const changes = this.#changes.splice(0)
    if (conflict === undefined) for (const [before, after] of changes) this.#onChange(before, after)
    return conflict
  }

  #apply(writes: readonly Write[], undo: Undo[]): NewRecord | undefined {
    for (const write of writes) {
      if ('append' in write) this.#append(write.append, undo)
      else if ('remove' in write) this.#remove(write.remove.kind, write.remove.key, undo)
      else if ('put' in write) this.#set(this.#rowOf(write.put, undefined), undo)
      else if ('insert' in write) {
        if (this.row(write.insert.kind, write.insert.key) !== undefined) return write.insert
        this.#set(this.#rowOf(write.insert, undefined), undo)
      } else {
        const present = this.row(write.replace.kind, write.replace.key)
        if (present?.version !== write.version) return write.replace
        this.#set(this.#rowOf(write.replace, present.usedAt), undo)
      }
    }
    return undefined
  }

  #rowOf(record: NewRecord, usedAt: number | undefined): Row {
    const { kind, key, value, expiresAt } = record
    const index = Object.entries(record.index ?? {}).map(([name, of]) => indexed(kind, name, of))
    return { kind, key, text: JSON.stringify(value), version: this.#nextVersion(), expiresAt, usedAt, index }
  }

  #set(row: Row, undo: Undo[]): void {
    const rows = this.#kinds.get(row.kind) ?? new Map<string, Row>()
    this.#kinds.set(row.kind, rows)
    const before = rows.get(row.key)
    this.#replaceRow(rows, before, row)
    undo.push(() => this.#replaceRow(rows, row, before))
  }

  #remove(kind: string, key: string, undo: Undo[]): void {
    const rows = this.#kinds.get(kind)
    const before = rows?.get(key)
    if (rows === undefined || before === undefined) return
    this.#replaceRow(rows, before, undefined)
    undo.push(() => this.#replaceRow(rows, undefined, before))
  }

  #replaceRow(rows: Map<string, Row>, before: Row | undefined, after: Row | undefined): void {
    for (const name of before?.index ?? []) this.#indexes.get(name)?.delete(before?.key ?? '')
    if (before !== undefined) rows.delete(before.key)
    if (after !== undefined) rows.set(after.key, after)
    for (const name of after?.index ?? []) {
      const keys = this.#indexes.get(name) ?? new Set()
      this.#indexes.set(name, keys.add(after?.key ?? ''))
    }
    this.#changes.push([this.#live(before), after])
  }

  #append({ stream, value, expiresAt }: { stream: string; value: unknown; expiresAt: number }, undo: Undo[]): void {
    const entries = this.#streams.get(stream) ?? []
    this.#streams.set(stream, entries)
    entries.push({ text: JSON.stringify(value), expiresAt })
    undo.push(() => entries.pop())
  }

  #wake(writes: readonly Write[]): void {
    const streams = new Set(writes.flatMap(write => ('append' in write ? [write.append.stream] : [])))
    for (const stream of streams) for (const onAppend of this.#watchers.get(stream) ?? []) onAppend()
  }
}

/** @throws StoreError `invalid_write` for what no adapter can keep */
export function checkWrite(write: Write): void {
  if ('remove' in write) return
  if ('append' in write) {
    spellNewName('stream', write.append.stream)
    checkTime(write.append.expiresAt)
    checkValue(write.append.value)
    return
  }
  const record = 'put' in write ? write.put : 'insert' in write ? write.insert : write.replace
  spellNewName('kind', record.kind)
  spellNewName('key', record.key)
  if (record.expiresAt !== undefined) checkTime(record.expiresAt)
  for (const [name, of] of Object.entries(record.index ?? {})) {
    spellNewName('index name', name)
    spellNewName('index value', of)
  }
  checkValue(record.value)
}

function checkValue(value: unknown): void {
  const text = JSON.stringify(value)
  if (text !== undefined && (text.length < valueBytesMax / 3 || Buffer.byteLength(text) <= valueBytesMax)) return
  throw new StoreError('invalid_write', 'A value is no JSON or too large.', `The limit is ${valueBytesMax} bytes.`)
}

function shown<V>({ kind, key, text, version, expiresAt, usedAt }: Row): Stored<V> {
  return { kind, key, value: parse<V>(text), version, expiresAt, usedAt }
}

const parse = <V>(text: string): V => JSON.parse(text) as V

const place = (kind: string, key: string): string => `${kind.length} ${kind} ${key}`

const indexed = (kind: string, name: string, value: string): string => `${place(kind, name)} ${place('', value)}`

/** By code point, as the contract orders keys; the spelling that adapters use has that order in UTF-8. */
function byCodePoint(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(spellName(a) ?? ''), Buffer.from(spellName(b) ?? ''))
}

const isAscii = (text: string): boolean => /^[ -~]*$/.test(text)
