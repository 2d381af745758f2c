import type { Duplex } from 'node:stream'
import { type Failure, failureJson } from './failure.ts'

/**
 * Answers bytes that are not HTTP, come too slowly or are too many, and closes the connection: after such a request
 * nobody can say where the next one begins. Where an answer to an earlier request is due, it only closes: a refusal would
 * be taken for that answer, or for a part of it.
 *
 * @param owes  whether another answer is due on the connection
 * @see RFC 9112 §6.1 and §11.2 (request smuggling), RFC 6585 §5 (431), RFC 9110 §15.5.9 (408)
 */
export function answerMalformed(
  error: Error & { readonly code?: string },
  socket: Duplex,
  owes: (socket: Duplex) => boolean,
): void {
  // Where TLS was not agreed on nothing can be said: what is written would wait for it.
  const isUnsecured = /^ERR_(?:TLS|SSL)_/.test(error.code ?? '')
  if (isUnsecured || error.code === 'ECONNRESET' || !socket.writable || owes(socket)) {
    socket.destroy()
    return
  }
  const failure = failures[error.code ?? ''] ?? malformed
  const body = failureJson(failure, undefined)
  const head = [
    `HTTP/1.1 ${failure.status} ${phrases[failure.status] ?? 'Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
}

const malformed: Failure = {
  status: 400,
  error: 'invalid_request',
  reason: 'malformed_request',
  description: 'This is not a valid HTTP/1.1 request.',
}

const failures: Readonly<Record<string, Failure>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    error: 'invalid_request',
    reason: 'headers_too_large',
    description: 'The headers are larger than this server takes.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    error: 'invalid_request',
    reason: 'body_too_large',
    description: 'The chunk extensions are larger than this server takes.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: 'invalid_request',
    reason: 'request_too_slow',
    description: 'The request did not arrive in time.',
  },
}
