import type { ChainFile } from '../audit/chain-file.ts'
import {
  type AuditRecord,
  type ChainHead,
  chainLine,
  parseLine,
  renderRecord,
  splitLines,
  TORN_LINE,
} from '../audit/record.ts'
import type { Statements } from './operations.ts'

/** Characters that may wait for the file; over it, the trouble of the file is the trouble of who writes. */
const WAITING_MAX = 8 * 1024 * 1024

/**
 * One writer's chain of audit records, between the database and the trail's file. Records of writes are chained and
 * kept as a row in the same commit, and come to the file later; records without writes go to the file at once, behind
 * what waits for it. So each acknowledgement costs one sync, and the file's order is the chain's.
 *
 * A row is removed some commits after its lines are synced in the file. When a process died between, the chain's number
 * in the file tells which lines are there, so none is written twice and none is lost.
 */
export class AuditOutbox {
  readonly #run: Statements
  readonly #file: ChainFile
  readonly #writer: string
  /** The end of the chain. */
  #head: ChainHead
  /** Lines that are committed and not in the file. */
  #waiting = ''
  /** The newest line that is synced in the file, and the newest that the database knows to be. */
  #filed: ChainHead
  #settled: number
  /** Records of operations of the running transaction, and what becomes true if it commits. */
  #staged: string[] = []
  #block: { readonly text: string; readonly head: ChainHead } | undefined
  #settling: number | undefined
  /** The file's end is not known: at the beginning, and after a write that failed. */
  #doubtful = true

  constructor(run: Statements, file: ChainFile, writer: string) {
    this.#run = run
    this.#file = file
    this.#writer = writer
    const known = run.auditHead.get(writer)
    const settled = { seq: Number(known?.[0] ?? 0), hash: String(known?.[1] ?? '') }
    const { head } = file.tail(writer)
    // A file that ends before what was synced in it was cut: the chain goes on where it was, and the gap shows.
    this.#filed = head.seq < settled.seq ? settled : head
    this.#settled = settled.seq
    this.#head = this.#filed
    if (known === undefined) run.setAuditHead.run(writer, 0, '')
    const kept = run.outbox.all(writer).map(([lines]) => String(lines))
    this.#waiting = linesAfter(this.#head.seq, kept.join(''))
    this.#head = headOf(this.#waiting) ?? this.#head
    this.drain()
  }

  /** Whether lines wait for the file. */
  get isWaiting(): boolean {
    return this.#waiting !== ''
  }

  /** Takes the record of an operation that succeeded in the running transaction. */
  stage(record: string): void {
    this.#staged.push(record)
  }

  /** The ends of all chains; of another process's as far as it told the database. */
  heads(): Readonly<Record<string, ChainHead>> {
    const rows = this.#run.auditHeads.all().map(([writer, seq, hash, waiting]) => {
      const settled = { seq: Number(seq), hash: String(hash) }
      return [String(writer), (waiting === null ? undefined : headOf(String(waiting))) ?? settled] as const
    })
    const known = rows.filter(([, { seq }]) => seq > 0)
    const own = this.#head.seq > 0 ? { [this.#writer]: this.#head } : {}
    return { ...Object.fromEntries(known), ...own }
  }

  /** Keeps what was staged as a row, the last thing before the commit. @throws StoreError when the file takes none for long */
  keep(): void {
    if (this.#filed.seq > this.#settled) this.#settle()
    if (this.#staged.length === 0) return
    if (this.#doubtful) this.#adopt()
    if (this.#waiting.length > WAITING_MAX) this.drain()
    this.#block = this.#chain(this.#staged)
    this.#run.keepAudit.run(this.#writer, this.#block.head.seq, this.#block.text)
  }

  /** The transaction is on disk. */
  committed(): void {
    this.#settled = this.#settling ?? this.#settled
    this.#waiting += this.#block?.text ?? ''
    this.#head = this.#block?.head ?? this.#head
    this.undone()
  }

  /** The transaction was undone: nothing of it happened. */
  undone(): void {
    this.#staged = []
    this.#block = undefined
    this.#settling = undefined
  }

  /** Writes records that go with no row into the file, behind what waits for it, and waits for the disk. @throws StoreError */
  append(records: readonly string[]): void {
    const repair = this.#doubtful ? this.#repair() : { beginning: '', records: [] }
    const chained = this.#chain([...repair.records, ...records])
    const text = repair.beginning + this.#waiting + chained.text
    if (text !== '' || this.#doubtful) {
      this.#doubtful = true
      this.#file.append(text) // also when it is empty: what an earlier process wrote may not be synced
    }
    this.#doubtful = false
    this.#waiting = ''
    this.#head = chained.head
    this.#filed = chained.head
  }

  /** Writes what waits into the file. @throws StoreError; what waited still does then, and is in the database */
  drain(): void {
    if (this.isWaiting || this.#doubtful) this.append([])
  }

  /** Drains, tells the database so, and closes the file. */
  close(): void {
    try {
      this.drain()
      this.#run.begin.run()
      this.#settle()
      this.#run.commit.run()
    } finally {
      this.#file.close()
    }
  }

  /** Takes over records that a write left in the file before it failed: no row may have the number of one of them. */
  #adopt(): void {
    const { head } = this.#file.tail(this.#writer)
    if (head.seq <= this.#head.seq) return
    this.#file.append('') // what is built on them must not last longer than they do
    this.#waiting = linesAfter(head.seq, this.#waiting)
    this.#head = head
  }

  /** Forgets what is in the file already, and closes a line that a crash or a full disk left unfinished. */
  #repair(): { readonly beginning: string; readonly records: readonly string[] } {
    const { head, unfinished, torn } = this.#file.restingTail(this.#writer)
    this.#waiting = linesAfter(head.seq, this.#waiting)
    if (head.seq > this.#head.seq) this.#head = head
    const beginning = unfinished ? '\n' : ''
    return { beginning, records: torn === undefined ? [] : [renderRecord(this.#tornRecord(torn))] }
  }

  #tornRecord(detail: Readonly<Record<string, unknown>>): AuditRecord {
    const at = Math.floor(Date.now() / 1000)
    const target = this.#file.path
    return { at, tenant: '', actor: 'system', action: TORN_LINE, target, outcome: 'done', reason: 'crash', detail }
  }

  #chain(records: readonly string[]): { readonly text: string; readonly head: ChainHead } {
    let [head, text] = [this.#head, '']
    for (const record of records) {
      const chained = chainLine(record, this.#writer, head)
      head = chained.head
      text += `${chained.line}\n`
    }
    return { text, head }
  }

  #settle(): void {
    const { seq, hash } = this.#filed
    this.#run.dropOutbox.run(this.#writer, seq)
    this.#run.setAuditHead.run(this.#writer, seq, hash)
    this.#settling = seq
  }
}

/** Of a chain's lines those whose number is higher. */
function linesAfter(seq: number, text: string): string {
  return splitLines(text)
    .filter(line => (parseLine(line)?.record.seq ?? 0) > seq)
    .join('')
}

function headOf(text: string): ChainHead | undefined {
  const record = parseLine(splitLines(text).at(-1) ?? '')?.record
  return record && { seq: record.seq, hash: record.hash }
}
