import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { storeErrorOfFile } from '../file-errors.ts'
import { StoreError } from '../store-error.ts'
import { readTail, type Tail } from './tail.ts'

/** The file of a trail, for a thread that may wait for the disk. Several processes may append to one file. */
export class ChainFile {
  readonly path: string
  readonly #file: number
  #failed: StoreError | undefined

  /** Makes it with mode 0600 when missing. @throws StoreError `cannot_open`, `read_only`, `disk_full` */
  constructor(path: string) {
    this.path = path
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      this.#file = openSync(path, 'a+', 0o600)
      syncFolder(path)
    } catch (error) {
      throw storeErrorOfFile(error, path)
    }
  }

  /** How the file ends, as the chain of `writer` goes. */
  tail(writer: string): Tail {
    return readTail(this.#file, writer)
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
      // O_APPEND; a write that the disk cut short goes on where it stopped.
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
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
