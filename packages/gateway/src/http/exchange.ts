import type { IncomingMessage } from 'node:http'
import type { Answer } from '@sallyport/guard'
import type { Exchange } from '@sallyport/server'

/** Answers by the gateway itself; nothing, when nobody is there any more to read it. */
export function send(exchange: Exchange, { status, headers, body }: Answer, route: string): void {
  const flat: string[] = []
  for (const name in headers) flat.push(name, headers[name] ?? '')
  exchange.send({ status, headers: flat, body }, route)
}

/** Whether a body follows (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
