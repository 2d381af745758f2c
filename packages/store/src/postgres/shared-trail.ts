import { type AuditRecord, parseLine, renderVouched, splitLines } from '../audit/record.ts'
import type { AuditTrail, ChainPlaces } from '../audit/trail.ts'
import type { GroupWriter } from './group-writer.ts'
import { commitOperation } from './operations.ts'
import type { Reader } from './reader.ts'

const BLOCKS_AT_ONCE = 200

/** The audit trail in a database: blocks of lines, a chain for each connection that writes. */
export class SharedTrail implements AuditTrail {
  readonly #reader: Reader
  readonly #writer: GroupWriter
  readonly #isAudited: boolean

  /** @param isAudited whether this process has a name in the trail */
  constructor(reader: Reader, writer: GroupWriter, isAudited: boolean) {
    this.#reader = reader
    this.#writer = writer
    this.#isAudited = isAudited
  }

  async append(record: AuditRecord): Promise<void> {
    const text = renderVouched({ audit: record }, this.#isAudited)
    await this.#writer.submit(commitOperation('', [], text), () => undefined)
  }

  async *lines(): AsyncGenerator<Uint8Array> {
    let after = { chain: '', seq: 0 }
    for (;;) {
      const blocks = await this.#reader.auditBlocks(after.chain, after.seq, BLOCKS_AT_ONCE)
      for (const { lines } of blocks) for (const line of splitLines(lines)) yield Buffer.from(line)
      const end = blocks.at(-1)
      if (end === undefined) return
      after = end
    }
  }

  heads(): Promise<ChainPlaces> {
    return this.#reader.auditHeads()
  }

  async droppable(before: number): Promise<ChainPlaces> {
    const blocks = await this.#reader.auditDroppable(before)
    const ends = blocks.flatMap(({ chain, lines }) => {
      // The column says which to look at; how old a record is stands in it, under the hash that the next one holds.
      const read = parseLine(splitLines(lines).at(-1) ?? '')
      if (!read?.unchanged || !(read.record.at < before)) return []
      return [[chain, { seq: read.record.seq, hash: read.record.hash }]]
    })
    return Object.fromEntries(ends)
  }

  async drop(upTo: ChainPlaces): Promise<void> {
    for (const [chain, { seq }] of Object.entries(upTo)) await this.#reader.dropBlocks(chain, seq)
  }
}
