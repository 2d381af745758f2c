import { createReadStream } from 'node:fs'
import { storeErrorOfFile } from '../file-errors.ts'
import { CHAIN_START, type ChainedRecord, type ChainHead, parseLine, sha256, TORN_LINE } from './record.ts'

const NEWLINE = 0x0a

export interface AuditProblem {
  /**
   * `changed`: a record is not what was written, or not a record · `missing`: records between two of a chain, or at its
   * beginning, are gone · `repeated`: a chain has two records of one number · `cut`: a chain ends before its checkpoint
   */
  readonly found: 'changed' | 'missing' | 'repeated' | 'cut'
  /** Counted from 1. */
  readonly line: number
  readonly writer: string | undefined
  /** The number of the record in its chain; of `missing` and `cut` the first one that is gone. */
  readonly seq: number | undefined
}

export interface AuditVerdict {
  readonly intact: boolean
  readonly records: number
  readonly problems: readonly AuditProblem[]
  /** Lines that crashes left unfinished, which never held an acknowledged record. */
  readonly tornLines: number
  /** Where each writer's chain ends: what a checkpoint keeps. */
  readonly heads: Readonly<Record<string, ChainHead>>
}

/**
 * Reads a whole trail and finds changed and missing records. A trail that was cut at its end, or rewritten from some
 * record on by who can compute hashes, shows only against a checkpoint: `heads` of an earlier verdict or of
 * `AuditTrail.head`, kept where the trail's writer cannot reach.
 *
 * @throws StoreError when the file cannot be read
 */
export async function verifyAuditTrail(
  path: string,
  options: { readonly checkpoint?: Readonly<Record<string, ChainHead>> } = {},
): Promise<AuditVerdict> {
  const check = new TrailCheck(options.checkpoint ?? {})
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path)) {
      rest = Buffer.concat([rest, chunk])
      let from = 0
      for (let to = rest.indexOf(NEWLINE); to >= 0; to = rest.indexOf(NEWLINE, from)) {
        check.line(rest.subarray(from, to))
        from = to + 1
      }
      rest = rest.subarray(from)
    }
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
  return check.end(rest)
}

class TrailCheck {
  readonly #checkpoint: ReadonlyMap<string, ChainHead>
  readonly #heads = new Map<string, ChainHead>()
  readonly #problems: AuditProblem[] = []
  #line = 0
  #records = 0
  #tornLines = 0
  /** The line before, when it was no record: torn, if this line says so. */
  #unread: { readonly sha256: string; readonly line: number } | undefined

  constructor(checkpoint: Readonly<Record<string, ChainHead>>) {
    this.#checkpoint = new Map(Object.entries(checkpoint))
  }

  line(bytes: Uint8Array): void {
    this.#line += 1
    const parsed = parseLine(Buffer.from(bytes).toString())
    this.#judgeUnread(parsed?.record)
    if (parsed === undefined) {
      this.#unread = { sha256: sha256(bytes), line: this.#line }
      return
    }
    this.#records += 1
    this.#judgePlace(parsed.record, parsed.unchanged)
  }

  end(rest: Uint8Array): AuditVerdict {
    this.#judgeUnread(undefined)
    if (rest.length > 0) this.#tornLines += 1
    for (const [writer, kept] of this.#checkpoint) {
      const { seq } = this.#heads.get(writer) ?? CHAIN_START
      if (seq < kept.seq) this.#problems.push({ found: 'cut', line: this.#line + 1, writer, seq: seq + 1 })
    }
    return {
      intact: this.#problems.length === 0,
      records: this.#records,
      problems: this.#problems,
      tornLines: this.#tornLines,
      heads: Object.fromEntries(this.#heads),
    }
  }

  #judgePlace({ writer, seq, previous, hash }: ChainedRecord, unchanged: boolean): void {
    const head = this.#heads.get(writer) ?? CHAIN_START
    const kept = this.#checkpoint.get(writer)
    const found = (problem: AuditProblem['found'], at: number) =>
      this.#problems.push({ found: problem, line: this.#line, writer, seq: at })
    if (seq > head.seq + 1) found('missing', head.seq + 1)
    else if (seq <= head.seq) found('repeated', seq)
    else if (!unchanged) found('changed', seq)
    else if (previous !== head.hash) found('changed', head.seq)
    else if (kept?.seq === seq && kept.hash !== hash) found('changed', seq)
    if (seq > head.seq) this.#heads.set(writer, { seq, hash })
  }

  #judgeUnread(next: ChainedRecord | undefined): void {
    if (this.#unread === undefined) return
    const recorded = next?.action === TORN_LINE && next.detail?.sha256 === this.#unread.sha256
    if (recorded) this.#tornLines += 1
    else this.#problems.push({ found: 'changed', line: this.#unread.line, writer: undefined, seq: undefined })
    this.#unread = undefined
  }
}
