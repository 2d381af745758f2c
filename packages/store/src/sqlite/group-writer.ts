import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FileTrailOptions } from '../audit/trail.ts'
import { StoreError, type StoreErrorCode } from '../store-error.ts'
import { AUDIT, FieldReader, GROUP_OF_OPERATIONS, GROUP_OF_RECORDS, pack } from './packing.ts'

/** Characters of an operation, and of a group, at most: a packed group is one string, and strings have a limit. */
const OPERATION_SIZE_MAX = 64 * 1024 * 1024
const GROUP_SIZE_MAX = 2 * OPERATION_SIZE_MAX

interface Pending {
  /** An audit record alone; its text is then the record. */
  readonly isRecord: boolean
  /** The operation's fields, packed. */
  readonly text: string
  readonly settle: (verdict: FieldReader) => void
  readonly reject: (error: StoreError) => void
}

/** How the writer is doing, since it was opened. */
export interface StoreLoad {
  /** Operations that wait for the disk, those of the group in flight among them. */
  readonly waiting: number
  /** Groups that are on disk, and how long they took in all. */
  readonly groups: number
  readonly seconds: number
}

/** What the writer thread sends: the packed verdicts of a group, or why all of the group was not written. */
type Answer = string | { readonly failed: StoreErrorCode; readonly text: string; readonly hint: string }

/**
 * Group commit, the main thread's side: one group in flight, and while it is on its way to the disk the next one
 * collects. There is no timer and no cap on their number, so one caller waits for one sync and many share it.
 */
export class GroupWriter {
  readonly #worker: Worker
  readonly #nowSeconds: () => number
  #waiting: Pending[] = []
  #inFlight: readonly Pending[] | undefined
  #scheduled = false
  #groups = 0
  #milliseconds = 0
  #sentAt = 0
  /** Why nothing can be written any more. */
  #ended: StoreError | undefined
  #whenIdle: (() => void) | undefined
  #beforeAnswers: () => void = () => undefined

  private constructor(worker: Worker, nowSeconds: () => number) {
    this.#worker = worker
    this.#nowSeconds = nowSeconds
    worker.on('message', (answer: Answer) => this.#answered(answer))
    worker.on('error', cause =>
      this.#fail(new StoreError('failed', `The writer thread stopped: ${cause}.`, RESTART, { cause })),
    )
    worker.on('exit', () => this.#fail(new StoreError('failed', 'The writer thread stopped.', RESTART)))
    worker.unref()
  }

  /** Starts the thread and waits until the database is open. @throws StoreError why it is not */
  static async open(
    path: string,
    nowSeconds: () => number,
    audit?: FileTrailOptions | undefined,
  ): Promise<GroupWriter> {
    const source = new URL('./writer-thread.ts', import.meta.url)
    const worker = new Worker(import.meta.url.endsWith('.ts') ? source : new URL('./writer-thread.js', source), {
      workerData: { path, audit },
      // Other flags of the process, such as --input-type, may not fit a thread.
      execArgv: process.execArgv.filter(flag => flag.startsWith('--cpu-prof')),
    })
    const [opened]: Answer[] = await once(worker, 'message')
    if (typeof opened === 'object') throw new StoreError(opened.failed, opened.text, opened.hint)
    return new GroupWriter(worker, nowSeconds)
  }

  /**
   * Adds an operation to the next group.
   * @param text   the operation's fields, packed
   * @param decode reads this operation's verdict, all its fields before anything that may throw; called after the commit
   */
  submit<T>(text: string, decode: (verdict: FieldReader) => T): Promise<T> {
    return this.#submit(text, false, decode)
  }

  /** Adds an audit record that goes with no write. @param text as rendered */
  record(text: string): Promise<void> {
    return this.#submit(text, true, () => undefined)
  }

  #submit<T>(text: string, isRecord: boolean, decode: (verdict: FieldReader) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      const settle = (verdict: FieldReader) => {
        try {
          resolve(decode(verdict))
        } catch (error) {
          reject(error)
        }
      }
      if (text.length > OPERATION_SIZE_MAX) {
        reject(new StoreError('invalid_write', 'An operation is too large.', 'Split its writes.'))
        return
      }
      this.#waiting.push({ text, isRecord, settle, reject })
      if (this.#inFlight !== undefined || this.#scheduled) return
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.#send()
      })
    })
  }

  /** Is called when a group has come to the disk, before anybody is told of it. */
  beforeAnswers(run: () => void): void {
    this.#beforeAnswers = run
  }

  load(): StoreLoad {
    const waiting = this.#waiting.length + (this.#inFlight?.length ?? 0)
    return { waiting, groups: this.#groups, seconds: this.#milliseconds / 1000 }
  }

  /**
   * Refuses what comes from now on, writes what came before, and closes the database.
   *
   * @param beforeClosing  when all of that is answered: the last connection of a database tidies up, and has to be the writer's
   */
  async close(beforeClosing: () => void = () => undefined): Promise<void> {
    if (this.#ended !== undefined) {
      beforeClosing()
      return
    }
    this.#ended = new StoreError('closed', 'The store is closed.', 'Open it again.')
    if (this.#inFlight !== undefined || this.#waiting.length > 0) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    beforeClosing()
    this.#worker.ref()
    const exited = new Promise(resolve => this.#worker.once('exit', resolve))
    this.#worker.postMessage({ close: true })
    await exited
  }

  #send(): void {
    if (this.#waiting.length === 0) {
      this.#worker.unref()
      this.#whenIdle?.()
      return
    }
    this.#inFlight = this.#nextGroup()
    this.#sentAt = performance.now()
    this.#worker.ref()
    this.#worker.postMessage(packGroup(this.#inFlight, this.#nowSeconds()))
  }

  /** All that waits, unless that is too much for one string. */
  #nextGroup(): readonly Pending[] {
    const waiting = this.#waiting
    let size = 0
    const end = waiting.findIndex(pending => {
      size += pending.text.length + AUDIT.length + 2
      return size > GROUP_SIZE_MAX
    })
    this.#waiting = end < 0 ? [] : waiting.slice(end)
    return end < 0 ? waiting : waiting.slice(0, end)
  }

  #answered(answer: Answer): void {
    const group = this.#inFlight ?? []
    this.#inFlight = undefined
    this.#groups += 1
    this.#milliseconds += performance.now() - this.#sentAt
    this.#beforeAnswers()
    if (typeof answer === 'string') {
      const verdicts = new FieldReader(answer)
      for (const pending of group) pending.settle(verdicts)
    } else {
      const error = new StoreError(answer.failed, answer.text, answer.hint)
      for (const pending of group) pending.reject(error)
    }
    this.#send()
  }

  #fail(error: StoreError): void {
    this.#ended ??= error
    this.#beforeAnswers() // the group may be on disk
    for (const pending of [...(this.#inFlight ?? []), ...this.#waiting]) pending.reject(error)
    this.#inFlight = undefined
    this.#waiting = []
    this.#whenIdle?.()
  }
}

function packGroup(group: readonly Pending[], now: number): string {
  const ofRecords = group.every(({ isRecord }) => isRecord)
  let packed = pack([String(now), ofRecords ? GROUP_OF_RECORDS : GROUP_OF_OPERATIONS])
  for (const { isRecord, text } of group) packed += isRecord && !ofRecords ? `\0${AUDIT}\0${text}` : `\0${text}`
  return packed
}

const RESTART = 'Restart; nothing acknowledged is lost.'
