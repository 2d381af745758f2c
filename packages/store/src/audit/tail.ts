import { fstatSync, readSync } from 'node:fs'
import { CHAIN_START, type ChainHead, parseLine, sha256 } from './record.ts'

const NEWLINE = 0x0a
const CHUNK_BYTES = 64 * 1024

/** How a trail ends, as a writer finds it. */
export interface Tail {
  /** The end of this writer's chain. */
  readonly head: ChainHead
  /** The file does not end with a newline. */
  readonly unfinished: boolean
  /** What a crash left of a line that was never acknowledged. */
  readonly torn: { readonly bytes: number; readonly sha256: string } | undefined
}

/** Reads a trail from its end back to the newest record of `writer`. */
export function readTail(file: number, writer: string): Tail {
  const lines = linesBackwards(file)
  const first = lines.next()
  const rest = first.done ? Buffer.alloc(0) : first.value
  const unfinished = rest.length > 0
  const last = parseLine(rest)
  const whole = last?.unchanged === true
  if (whole && last.record.writer === writer) return { head: headOf(last.record), unfinished, torn: undefined }
  const torn = unfinished && !whole ? { bytes: rest.length, sha256: sha256(rest) } : undefined
  const named = `"writer":${JSON.stringify(writer)}`
  for (const line of lines) {
    const record = line.includes(named) ? parseLine(line)?.record : undefined
    if (record?.writer === writer) return { head: headOf(record), unfinished, torn }
  }
  return { head: CHAIN_START, unfinished, torn }
}

function headOf({ seq, hash }: ChainHead): ChainHead {
  return { seq, hash }
}

/** Yields what follows the last newline (empty in a whole file), then each line before it. */
function* linesBackwards(file: number): Generator<Buffer, void> {
  let end = fstatSync(file).size
  let rest: Buffer = Buffer.alloc(0)
  while (end > 0) {
    const length = Math.min(CHUNK_BYTES, end)
    end -= length
    const chunk = Buffer.alloc(length)
    readSync(file, chunk, 0, length, end)
    rest = Buffer.concat([chunk, rest])
    for (let at = rest.lastIndexOf(NEWLINE); at >= 0; at = rest.lastIndexOf(NEWLINE)) {
      yield rest.subarray(at + 1)
      rest = rest.subarray(0, at)
    }
  }
  yield rest
}
