import type { NewRecord, Page, Write } from '../contract.ts'
import { byCodePoint } from './names.suite.ts'

interface Row {
  readonly record: NewRecord
  readonly version: number
  readonly usedAt: number | undefined
}

/** The contract of one tenant, as plainly as it can be said: maps, no concurrency, nothing durable. */
export class MemoryModel {
  readonly #now: () => number
  #rows = new Map<string, Row>()
  readonly #claims = new Map<string, number>()
  #streams = new Map<string, { value: unknown; expiresAt: number }[]>()
  #versions = 0

  constructor(now: () => number) {
    this.#now = now
  }

  version(kind: string, key: string): number {
    return this.#live(kind, key)?.version ?? 0
  }

  peek(kind: string, key: string) {
    const row = this.#live(kind, key)
    return row === undefined ? undefined : shown(row)
  }

  take(kind: string, key: string, writes: readonly Write[]) {
    const row = this.#live(kind, key)
    if (row === undefined) return { unknown: true }
    if (row.usedAt !== undefined) return { lost: { record: shown(row), firstUsedAt: row.usedAt } }
    const [rows, streams] = this.#snapshot()
    const won = { ...row, usedAt: this.#now(), version: ++this.#versions }
    this.#rows.set(place(kind, key), won)
    if (this.#apply(writes) === undefined) return { won: shown(won) }
    this.#rows = rows
    this.#streams = streams
    return { conflict: true }
  }

  claim(hash: string, expiresAt: number): 'won' | 'lost' {
    if (expiresAt < this.#now() || (this.#claims.get(hash) ?? -1) >= this.#now()) return 'lost'
    this.#claims.set(hash, expiresAt)
    return 'won'
  }

  commit(writes: readonly Write[]) {
    const [rows, streams] = this.#snapshot()
    const conflict = this.#apply(writes)
    if (conflict === undefined) return { committed: true }
    this.#rows = rows
    this.#streams = streams
    return { conflict: { kind: conflict.kind, key: conflict.key } }
  }

  list(kind: string, { index, after, limit }: Page) {
    const all = [...this.#rows.values()]
      .map(({ record }) => this.#live(record.kind, record.key))
      .filter(row => row !== undefined)
      .filter(({ record }) => record.kind === kind)
      .filter(({ record }) => index === undefined || record.index?.[index[0]] === index[1])
      .filter(({ record }) => after === undefined || byCodePoint(record.key, after) > 0)
      .toSorted((a, b) => byCodePoint(a.record.key, b.record.key))
    const records = all.slice(0, limit).map(shown)
    return { records, next: all.length > limit ? records.at(-1)?.key : undefined }
  }

  read(stream: string, after: number, limit: number) {
    const all = this.#streams.get(stream) ?? []
    const entries = all
      .map(({ value, expiresAt }, at) => ({ seq: at + 1, value, expiresAt }))
      .filter(({ seq, expiresAt }) => seq > after && expiresAt > this.#now())
    return { entries: entries.slice(0, limit).map(({ seq, value }) => ({ seq, value })), last: all.length }
  }

  #live(kind: string, key: string): Row | undefined {
    const row = this.#rows.get(place(kind, key))
    return row !== undefined && (row.record.expiresAt ?? Infinity) > this.#now() ? row : undefined
  }

  #snapshot() {
    return [new Map(this.#rows), new Map([...this.#streams].map(([name, all]) => [name, [...all]]))] as const
  }

  #apply(writes: readonly Write[]): NewRecord | undefined {
    for (const write of writes) {
      if ('append' in write) {
        const { stream, value, expiresAt } = write.append
        this.#streams.set(stream, [...(this.#streams.get(stream) ?? []), { value, expiresAt }])
      } else if ('remove' in write) {
        this.#rows.delete(place(write.remove.kind, write.remove.key))
      } else if ('put' in write) {
        this.#set(write.put, undefined)
      } else if ('insert' in write) {
        if (this.#live(write.insert.kind, write.insert.key) !== undefined) return write.insert
        this.#set(write.insert, undefined)
      } else {
        const present = this.#live(write.replace.kind, write.replace.key)
        if (present?.version !== write.version) return write.replace
        this.#set(write.replace, present.usedAt)
      }
    }
    return undefined
  }

  #set(record: NewRecord, usedAt: number | undefined): void {
    this.#rows.set(place(record.kind, record.key), { record, version: ++this.#versions, usedAt })
  }
}

function place(kind: string, key: string): string {
  return JSON.stringify([kind, key])
}

/** A record without its version, whose numbers are each adapter's own. */
function shown({ record: { kind, key, value, expiresAt }, usedAt }: Row) {
  return { kind, key, value, expiresAt, usedAt }
}
