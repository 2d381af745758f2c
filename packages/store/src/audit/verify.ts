import type { Checkpoint } from './checkpoint.ts'
import { CHAIN_START, type ChainedRecord, type ChainHead, parseLine, sha256, TORN_LINE } from './record.ts'

const NEWLINE = 0x0a

export interface AuditProblem {
  /**
   * `changed`: a record or checkpoint is not what was written · `missing`: records or checkpoints between two of a chain,
   * or at its beginning, are gone · `repeated`: a chain has two records of one number · `cut`: a chain ends before a
   * checkpoint says · `forged`: a checkpoint has no signature of this installation
   */
  readonly found: 'changed' | 'missing' | 'repeated' | 'cut' | 'forged'
  /** Counted from 1; 0 for a checkpoint. */
  readonly line: number
  readonly writer: string | undefined
  /** The number of the record in its chain, or of the checkpoint; of `missing` and `cut` the first one that is gone. */
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
 * record on by who can compute hashes, shows only against checkpoints.
 *
 * @param lines  as `AuditTrail.lines` gives them
 * @param checkpoints  those that can be trusted, read before the lines are
 * @throws what reading the lines throws
 */
export async function verifyAuditTrail(
  lines: AsyncIterable<Uint8Array>,
  checkpoints: readonly Pick<Checkpoint, 'heads' | 'beginnings'>[] = [],
): Promise<AuditVerdict> {
  const check = new TrailCheck(checkpoints)
  for await (const line of lines) check.line(line)
  return check.end()
}

class TrailCheck {
  /** What checkpoints say of a chain: hashes by number, the newest end, and where it may begin. */
  readonly #kept = new Map<string, Map<number, string>>()
  readonly #ends = new Map<string, number>()
  readonly #beginnings = new Map<string, Map<number, string>>()
  readonly #heads = new Map<string, ChainHead>()
  readonly #problems: AuditProblem[] = []
  #line = 0
  #records = 0
  #tornLines = 0
  /** Lines that are no records, by their digest: torn, if a record later says so. */
  readonly #unread = new Map<string, number>()

  constructor(checkpoints: readonly Pick<Checkpoint, 'heads' | 'beginnings'>[]) {
    for (const { heads, beginnings } of checkpoints) {
      for (const [writer, { seq, hash }] of Object.entries(heads)) {
        placesOf(this.#kept, writer).set(seq, hash)
        this.#ends.set(writer, Math.max(seq, this.#ends.get(writer) ?? 0))
      }
      for (const [writer, { seq, hash }] of Object.entries(beginnings))
        placesOf(this.#beginnings, writer).set(seq, hash)
    }
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
    for (const [writer, end] of this.#ends) {
      const { seq, hash } = this.#heads.get(writer) ?? this.#dropped(writer)
      const kept = this.#kept.get(writer)?.get(seq)
      const line = this.#line + 1
      if (seq < end) this.#problems.push({ found: 'cut', line, writer, seq: seq + 1 })
      else if (!this.#heads.has(writer) && kept !== undefined && kept !== hash)
        this.#problems.push({ found: 'changed', line, writer, seq })
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
    const known = this.#heads.get(writer)
    const head = known ?? this.#beginning(writer, seq - 1)
    const kept = this.#kept.get(writer)?.get(seq)
    const found = (problem: AuditProblem['found'], at: number) =>
      this.#problems.push({ found: problem, line: this.#line, writer, seq: at })
    if (seq > head.seq + 1) found('missing', head.seq + 1)
    else if (seq <= head.seq) found('repeated', seq)
    else if (!unchanged) found('changed', seq)
    else if (previous !== head.hash) found('changed', head.seq)
    else if (kept !== undefined && kept !== hash) found('changed', seq)
    if (seq > head.seq) this.#heads.set(writer, { seq, hash })
  }

  /** Where a chain may begin: at its start, or behind what a checkpoint says was dropped. */
  #beginning(writer: string, seq: number): ChainHead {
    const hash = this.#beginnings.get(writer)?.get(seq)
    return hash === undefined ? CHAIN_START : { seq, hash }
  }

  /** Where a chain ended of which nothing is left. */
  #dropped(writer: string): ChainHead {
    const last = [...(this.#beginnings.get(writer) ?? [])].map(([seq, hash]) => ({ seq, hash }))
    return last.toSorted((a, b) => a.seq - b.seq).at(-1) ?? CHAIN_START
  }

  #judgeUnread({ action, detail }: ChainedRecord): void {
    if (action === TORN_LINE && this.#unread.delete(String(detail?.sha256))) this.#tornLines += 1
  }
}

function placesOf(all: Map<string, Map<number, string>>, writer: string): Map<number, string> {
  const places = all.get(writer) ?? new Map<number, string>()
  all.set(writer, places)
  return places
}
