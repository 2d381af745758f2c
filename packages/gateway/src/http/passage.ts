import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '@sallyport/guard'
import type { RawHeaders } from '../rules/forwarded-headers.ts'

/** A request on its way through, and what its listener knows of it. */
export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  /** The caller's address, as far as it is known for sure. */
  readonly address: string
  /** What every answer of the listener says, in lower case: name, value, name, value. */
  readonly headers: RawHeaders
}

/** Answers by the gateway itself; what the answer says holds over what every answer says. */
export function sendAnswer({ response, headers }: Passage, { status, headers: own, body }: Answer): void {
  const flat: string[] = []
  for (const name in own) flat.push(name, own[name] ?? '')
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (own[name] === undefined) flat.push(name, headers[at + 1] ?? '')
  }
  if (status !== 204) flat.push('content-length', String(Buffer.byteLength(body)))
  response.writeHead(status, flat).end(body)
}

/** Whether a body follows (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
