import { writeSync } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { storeErrorOfFile } from '../file-errors.ts'
import { StoreError } from '../store-error.ts'
import { type AuditRecord, CHAIN_START, type ChainHead, chainLine, renderRecord, TORN_LINE } from './record.ts'
import { readTail } from './tail.ts'

export interface AuditTrail {
  /**
   * Adds a record. Resolves when it is on disk; many records share one sync.
   * @throws StoreError `disk_full`, `disk_failed`, `read_only`, `invalid_write`, `closed`: then nothing may be answered
   *   that the record was to vouch for. It may still be found in the trail, as an attempt.
   */
  append(record: AuditRecord): Promise<void>
  /** The end of the chain as far as it is on disk, for a checkpoint. */
  head(): ChainHead
  close(): Promise<void>
}

/**
 * Opens an append-only trail of records, one JSON object a line, each holding the hash of the one before it. The chain
 * of this writer goes on where it ended; a line that a crash left unfinished is closed and put on record.
 *
 * @param path    made with mode 0600 when missing
 * @param writer  the chain's name; one process at a time writes under it
 * @param nowSeconds  Unix seconds, for the record about an unfinished line
 */
export async function openAuditTrail(options: {
  path: string
  writer: string
  nowSeconds: () => number
}): Promise<AuditTrail> {
  let file: FileHandle | undefined
  try {
    await mkdir(dirname(options.path), { recursive: true, mode: 0o700 })
    file = await open(options.path, 'a+', 0o600)
    const trail = new FileTrail(file, options)
    await trail.recover()
    await syncFolder(options.path)
    return trail
  } catch (error) {
    await file?.close()
    throw storeErrorOfFile(error, options.path)
  }
}

interface Pending {
  readonly text: string
  readonly resolve: () => void
  readonly reject: (error: StoreError) => void
}

class FileTrail implements AuditTrail {
  readonly #file: FileHandle
  readonly #options: { readonly path: string; readonly writer: string; readonly nowSeconds: () => number }
  #head = CHAIN_START
  #waiting: Pending[] = []
  #flushing: Promise<void> | undefined
  /** A write failed half-way: the file's end is not known. */
  #doubtful = false
  #ended: StoreError | undefined

  constructor(file: FileHandle, options: { path: string; writer: string; nowSeconds: () => number }) {
    this.#file = file
    this.#options = options
  }

  append(record: AuditRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#waiting.push({ text: renderRecord(record), resolve, reject })
      this.#flushing ??= Promise.resolve().then(() => this.#flush())
    })
  }

  head(): ChainHead {
    return this.#head
  }

  async close(): Promise<void> {
    this.#ended ??= new StoreError('closed', 'The audit trail is closed.', 'Open it again.')
    await this.#flushing
    await this.#file.close()
  }

  /** Finds the end of the chain, and puts an unfinished line on record. */
  async recover(): Promise<void> {
    const { path, writer, nowSeconds } = this.#options
    const { head, unfinished, torn } = await readTail(this.#file, writer)
    this.#head = { seq: head.seq, hash: head.hash }
    if (unfinished) await this.#write('\n')
    if (torn !== undefined) {
      const record = { at: nowSeconds(), tenant: '', actor: 'system', action: TORN_LINE, target: path, outcome: 'done' }
      await this.#writeRecords([renderRecord({ ...record, reason: 'crash', detail: torn })])
    }
  }

  /** One group in flight: while it is synced, the next one collects. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        if (this.#doubtful) await this.recover()
        this.#doubtful = false
        await this.#writeRecords(group.map(({ text }) => text))
        for (const { resolve } of group) resolve()
      } catch (error) {
        const clear = storeErrorOfFile(error, this.#options.path)
        for (const { reject } of group) reject(clear)
      }
    }
    this.#flushing = undefined
  }

  async #writeRecords(records: readonly string[]): Promise<void> {
    let head = this.#head
    let lines = ''
    for (const record of records) {
      const chained = chainLine(record, this.#options.writer, head)
      head = chained.head
      lines += `${chained.line}\n`
    }
    await this.#write(lines)
    this.#head = head
  }

  async #write(text: string): Promise<void> {
    if (this.#ended?.code === 'disk_failed') throw this.#ended
    const bytes = Buffer.from(text)
    try {
      // O_APPEND; a write that the disk cut short goes on where it stopped. It goes into the page cache, which takes less
      // than to wake a thread for it (15 µs a request under load); only the sync waits for the disk.
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file.fd, bytes, at)
    } catch (error) {
      this.#doubtful = true
      throw error
    }
    await this.#sync()
  }

  /** After a failed sync nobody knows what is on disk, and a second one may lie: this trail takes no more records. */
  async #sync(): Promise<void> {
    try {
      await this.#file.datasync()
    } catch (cause) {
      const problem = `${this.#options.path} could not be synced.`
      this.#ended = new StoreError('disk_failed', problem, 'Look at the disk, then restart.', { cause })
      throw this.#ended
    }
  }
}

/** A new name in a folder is durable when the folder is. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
