import { closeSync, fdatasyncSync, fstatSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { storeErrorOfFile } from '../file-errors.ts'
import { StoreError } from '../store-error.ts'
import { closedSegments, isMoved, nextSegment } from './segments.ts'
import { readTail, type Tail } from './tail.ts'

/** A file of this size is closed, and a new one begun. */
const SEGMENT_BYTES = 64 * 1024 * 1024

/** A line that has not grown for so long is one that a crash or a full disk cut. */
const REST_MS = 100

/** The files of a trail, for a thread that may wait for the disk. Several processes may append to one trail. */
export class ChainFile {
  readonly path: string
  readonly #segmentBytes: number
  #file: number
  #inode: number
  #size: number
  #failed: StoreError | undefined

  /** Makes it with mode 0600 when missing. @throws StoreError `cannot_open`, `read_only`, `disk_full` */
  constructor(path: string, segmentBytes = SEGMENT_BYTES) {
    this.path = path
    this.#segmentBytes = segmentBytes
    ;({ file: this.#file, inode: this.#inode, size: this.#size } = open(path))
  }

  /** How the trail ends, as the chain of `writer` goes. */
  tail(writer: string): Tail {
    const tail = readTail(this.#file, writer)
    for (const segment of closedSegments(this.path).toReversed()) {
      if (tail.head.seq > 0) break
      const file = openSync(segment, 'r')
      const { head } = readTail(file, writer)
      closeSync(file)
      if (head.seq > 0) return { ...tail, head }
    }
    return tail
  }

  /** The same when nobody is in the middle of a line: another process may be writing the one that looks unfinished. */
  restingTail(writer: string): Tail {
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (;;) {
      const { size } = fstatSync(this.#file)
      const tail = this.tail(writer)
      if (!tail.unfinished) return tail
      Atomics.wait(pause, 0, 0, REST_MS)
      if (fstatSync(this.#file).size === size) return tail
    }
  }

  /**
   * Appends text and waits for the disk.
   * @throws StoreError `disk_full`, after which a part of it may be there; `disk_failed` from a failed sync on for ever:
   *   nobody knows what is on disk then, and a second sync may lie
   */
  append(text: string): void {
    if (this.#failed !== undefined) throw this.#failed
    const bytes = Buffer.from(text)
    try {
      this.#follow()
      // O_APPEND; a write that the disk cut short goes on where it stopped.
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
      this.#size += bytes.length
    } catch (error) {
      throw storeErrorOfFile(error, this.path)
    }
    try {
      fdatasyncSync(this.#file)
    } catch (cause) {
      const problem = `${this.path} could not be synced.`
      this.#failed = new StoreError('disk_failed', problem, 'Look at the disk, then restart.', { cause })
      throw this.#failed
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  /** Goes on in the newest file: another process may have closed this one, or it is large enough now. */
  #follow(): void {
    const moved = isMoved(this.path, this.#inode)
    if (!moved && this.#size < this.#segmentBytes) return
    if (!moved) renameSync(this.path, nextSegment(this.path, Date.now()))
    closeSync(this.#file)
    ;({ file: this.#file, inode: this.#inode, size: this.#size } = open(this.path))
  }
}

function open(path: string): { file: number; inode: number; size: number } {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(path, 'a+', 0o600)
    syncFolder(path)
    const { ino: inode, size } = fstatSync(file)
    return { file, inode, size }
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
}

/** A new name in a folder is durable when the folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
