import { createReadStream } from 'node:fs'
import { storeErrorOfFile } from '../file-errors.ts'

const NEWLINE = 0x0a

/** The lines of a file, each with its newline; a last one without is unfinished. @throws StoreError */
export async function* fileLines(path: string): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path)) {
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
