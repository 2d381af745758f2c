import { Transform, type TransformCallback } from 'node:stream'

/** A body went over its limit; the request is given up. */
export class BodyTooLargeError extends Error {
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
