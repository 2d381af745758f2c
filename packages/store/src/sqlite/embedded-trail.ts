import { type AuditRecord, parseLine, renderVouched, splitLines } from '../audit/record.ts'
import { dropSegments, endsBefore, trailLines } from '../audit/segments.ts'
import type { AuditTrail, ChainPlaces } from '../audit/trail.ts'
import { openForReading } from './connection.ts'
import type { GroupWriter } from './group-writer.ts'
import { SQL } from './statements.ts'

/** The audit trail of an embedded store: a file, and in the database what waits to come there. */
export class EmbeddedTrail implements AuditTrail {
  readonly #database: string
  readonly #path: string | undefined
  readonly #writer: GroupWriter
  readonly #isAudited: boolean

  /** @param path of the file, when the store has a trail. @param isAudited whether this process has a name in it */
  constructor(database: string, path: string | undefined, writer: GroupWriter, isAudited: boolean) {
    this.#database = database
    this.#path = path
    this.#writer = writer
    this.#isAudited = isAudited
  }

  async append(record: AuditRecord): Promise<void> {
    const text = renderVouched({ audit: record }, this.#isAudited)
    if (text !== undefined) await this.#writer.record(text)
  }

  lines(): AsyncIterable<Uint8Array> {
    return embeddedLines(this.#database, this.#path)
  }

  heads(): Promise<ChainPlaces> {
    return this.#writer.submit('heads', verdict => JSON.parse(verdict.text()))
  }

  async droppable(before: number): Promise<ChainPlaces> {
    return this.#path === undefined ? {} : endsBefore(this.#path, before)
  }

  async drop(upTo: ChainPlaces): Promise<void> {
    if (this.#path !== undefined) await dropSegments(this.#path, upTo)
  }
}

/**
 * All lines of an embedded store's trail, also while it is written.
 * @param database the store's file, @param path the trail's
 * @throws StoreError when one of them cannot be read
 */
export async function* embeddedLines(database: string, path: string | undefined): AsyncGenerator<Uint8Array> {
  if (path === undefined) return
  // What waits is read first: each line of it is either in this or, by then, in the file.
  const waiting = outboxLines(database)
  const ends = new Map<string, number>()
  for await (const line of trailLines(path)) {
    yield line
    const record = waiting.length === 0 ? undefined : parseLine(line)?.record
    if (record !== undefined) ends.set(record.writer, record.seq)
  }
  for (const line of waiting) {
    const record = parseLine(line)?.record
    if (record === undefined || record.seq > (ends.get(record.writer) ?? 0)) yield line
  }
}

function outboxLines(database: string): readonly Uint8Array[] {
  const reading = openForReading(database)
  try {
    const rows = reading.prepare(SQL.allOutboxes).all()
    return rows.flatMap(row => splitLines(String(row.lines)).map(line => Buffer.from(line)))
  } finally {
    reading.close()
  }
}
