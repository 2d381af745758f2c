import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { errorCodes } from 'fastify'

/** For a request that has no body. */
export const noBody: Buffer = Buffer.alloc(0)

/** Whether a body follows the headers (RFC 9112 §6.3). */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/**
 * Reads a request's body whole, as bytes. A length over the limit is refused as soon as it is told or found out; what the
 * sender breaks off is nobody's to answer, and `done` gets an error that says so.
 *
 * @param maxBytes  the largest body taken
 * @param done  called once: with Fastify's error for a body too large or of another length than told, or with the bytes
 * @see RFC 9110 §15.5.14 (413), RFC 9112 §6.3 (length)
 */
export function readBody(
  stream: Readable,
  headers: IncomingHttpHeaders,
  maxBytes: number,
  done: (error: Error | null, body: Buffer) => void,
): void {
  // Node tells of no end where nothing was announced (`optimizeEmptyRequests`).
  if (!announcesBody(headers)) {
    done(null, noBody)
    return
  }
  const told = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
  if (told !== undefined && told > maxBytes) {
    done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE(), noBody)
    return
  }
  const chunks: Buffer[] = []
  let received = 0
  let isDone = false
  // Nobody is taken off the stream: for each request that would cost more than to be told once more.
  const finish = (error: Error | null, body: Buffer) => {
    if (isDone) return
    isDone = true
    done(error, body)
  }
  const take = (chunk: Buffer) => {
    if (isDone) return
    received += chunk.length
    if (received > maxBytes) return finish(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE(), noBody)
    chunks.push(chunk)
  }
  const end = () => {
    if (told !== undefined && told !== received)
      return finish(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH(), noBody)
    const [first] = chunks
    finish(null, chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, received))
  }
  const fail = (error: Error) => finish(Object.assign(error, { statusCode: 400 }), noBody)
  stream.on('data', take).on('end', end).on('error', fail)
}
