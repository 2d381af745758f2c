import { closeSync, createReadStream, existsSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { storeErrorOfFile } from '../file-errors.ts'
import { type ChainHead, parseLine, type ReadLine } from './record.ts'

/**
 * A trail in files: the one that is written, and beside it the closed ones before, which have the millisecond of their
 * end in their names (`audit.log.1764000000000`).
 */
export function closedSegments(path: string): readonly string[] {
  const beginning = `${basename(path)}.`
  const ends = readdirSync(dirname(path))
    .filter(name => name.startsWith(beginning) && /^\d+$/.test(name.slice(beginning.length)))
    .map(name => Number(name.slice(beginning.length)))
  return ends.toSorted((a, b) => a - b).map(end => segmentName(path, end))
}

export const segmentName = (path: string, endMs: number): string => join(dirname(path), `${basename(path)}.${endMs}`)

/** The name of the file that is closed now: behind all others, also when the clock was set back. */
export function nextSegment(path: string, nowMs: number): string {
  const last = closedSegments(path).at(-1)
  return segmentName(path, Math.max(nowMs, last === undefined ? 0 : endOf(last) + 1))
}

const NEWLINE = 0x0a

/** All lines of a trail in files, each with its newline; a last one without is unfinished. @throws StoreError */
export async function* trailLines(path: string): AsyncGenerator<Uint8Array> {
  const files = openAll(path)
  try {
    for (const file of files) yield* linesOf(file, path)
  } finally {
    for (const file of files) closeSync(file)
  }
}

/** All files at once, so that none is closed, renamed or dropped between one and the next. */
function openAll(path: string): readonly number[] {
  try {
    for (;;) {
      const closed = closedSegments(path)
      // The one that is written has no name for a moment, when it is closed; somebody may have taken it away.
      const files = [...closed, path].filter(name => existsSync(name)).map(name => openSync(name, 'r'))
      if (closedSegments(path).join() === closed.join()) return files
      for (const file of files) closeSync(file)
    }
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
}

async function* linesOf(file: number, path: string): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream('', { fd: file, autoClose: false, start: 0 })) {
      rest = Buffer.concat([rest, chunk])
      let from = 0
      for (let to = rest.indexOf(NEWLINE); to >= 0; to = rest.indexOf(NEWLINE, from)) {
        yield rest.subarray(from, to + 1)
        from = to + 1
      }
      rest = rest.subarray(from)
    }
  } catch (error) {
    throw storeErrorOfFile(error, path)
  }
  if (rest.length > 0) yield rest
}

/**
 * The newest record of each chain in the closed segments that are older than a time, as the records say: anybody who can
 * rename a file can give it any age, and a record's own is under the hash that the next one holds.
 *
 * @param before Unix seconds
 */
export async function endsBefore(path: string, before: number): Promise<Record<string, ChainHead>> {
  const ends: Record<string, ChainHead> = {}
  for (const segment of closedSegments(path)) {
    const newest = Object.entries(await newestIn(segment))
    if (newest.some(([, { record, unchanged }]) => !unchanged || !(record.at < before))) break
    for (const [writer, { record }] of newest) ends[writer] = { seq: record.seq, hash: record.hash }
  }
  return ends
}

/** Removes the oldest closed segments that hold nothing behind these places. */
export async function dropSegments(path: string, upTo: Readonly<Record<string, ChainHead>>): Promise<void> {
  for (const segment of closedSegments(path)) {
    const newest = Object.entries(await newestIn(segment))
    if (newest.some(([writer, { record }]) => record.seq > (upTo[writer]?.seq ?? 0))) return
    unlinkSync(segment)
  }
}

async function newestIn(segment: string): Promise<Record<string, ReadLine>> {
  const newest: Record<string, ReadLine> = {}
  const file = openSync(segment, 'r')
  try {
    for await (const line of linesOf(file, segment)) {
      const read = parseLine(line)
      if (read !== undefined) newest[read.record.writer] = read
    }
  } finally {
    closeSync(file)
  }
  return newest
}

const endOf = (segment: string): number => Number(segment.slice(segment.lastIndexOf('.') + 1))

/** Whether the file that is open has been closed by another process and is a segment now. */
export function isMoved(path: string, inode: number): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.ino ?? -1) !== inode
}
