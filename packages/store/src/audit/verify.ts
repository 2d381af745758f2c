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
 * record on by who can compute hashes, shows only against a checkpoint: `heads` of an earlier verdict, kept where the
 * trail's writer cannot reach.
 *
 * @param lines  as `AuditTrail.lines` gives them
 * @throws what reading the lines throws
 */
export async function verifyAuditTrail(
  lines: AsyncIterable<Uint8Array>,
  options: { readonly checkpoint?: Readonly<Record<string, ChainHead>> } = {},
): Promise<AuditVerdict> {
  const check = new TrailCheck(options.checkpoint ?? {})
  for await (const line of lines) check.line(line)
  return check.end()
}

class TrailCheck {
  readonly #checkpoint: ReadonlyMap<string, ChainHead>
  readonly #heads = new Map<string, ChainHead>()
  readonly #problems: AuditProblem[] = []
  #line = 0
  #records = 0
  #tornLines = 0
  /** Lines that are no records, by their digest: torn, if a record later says so. */
  readonly #unread = new Map<string, number>()

  constructor(checkpoint: Readonly<Record<string, ChainHead>>) {
    this.#checkpoint = new Map(Object.entries(checkpoint))
  }

  line(bytes: Uint8Array): void {
    this.#line += 1
    const parsed = parseLine(bytes)
    if (parsed !== undefined) {
      this.#records += 1
      this.#judgePlace(parsed.record, parsed.unchanged)
      this.#judgeUnread(parsed.record)
    } else if (bytes.at(-1) === NEWLINE) {
      this.#unread.set(sha256(bytes.subarray(0, -1)), this.#line)
    } else {
      this.#tornLines += 1
    }
  }

  end(): AuditVerdict {
    for (const line of this.#unread.values())
      this.#problems.push({ found: 'changed', line, writer: undefined, seq: undefined })
    for (const [writer, kept] of this.#checkpoint) {
      const { seq } = this.#heads.get(writer) ?? CHAIN_START
      if (seq < kept.seq) this.#problems.push({ found: 'cut', line: this.#line + 1, writer, seq: seq + 1 })
    }
    return {
      intact: this.#problems.length === 0,
      records: this.#records,
      problems: this.#problems.toSorted((a, b) => a.line - b.line),
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

  #judgeUnread({ action, detail }: ChainedRecord): void {
    if (action === TORN_LINE && this.#unread.delete(String(detail?.sha256))) this.#tornLines += 1
  }
}
