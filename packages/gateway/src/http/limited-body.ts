import type { IncomingMessage } from 'node:http'
import { Transform, type TransformCallback } from 'node:stream'

/** A body went over its limit; the request is given up. */
class BodyTooLargeError extends Error {
  constructor(limit: number) {
    super(`a body over ${limit} bytes`)
  }
}

/** Passes a body on, at the pace of whoever reads it, and ends with an error once it is over `limit` bytes. */
export function limitedBody(limit: number): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      seen += chunk.length
      if (seen > limit) done(new BodyTooLargeError(limit))
      else done(null, chunk)
    },
  })
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof BodyTooLargeError || (error instanceof Error && error.cause instanceof BodyTooLargeError)
}

/** Reads a body whose size is declared. `done` is not called for a caller that breaks off before its end. */
export function readWhole(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => {
    const [only] = chunks
    done(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
  })
}
