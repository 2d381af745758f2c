import type { IncomingHttpHeaders } from 'node:http'

/** Of a request: who is at the other end, and what was sent. */
export interface Arrived {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: IncomingHttpHeaders
}

/** What proxies add: Forwarded (RFC 7239 §4), Via (RFC 9110 §7.6.3), and what was there before. */
const proxyHeaders = ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']

/**
 * Whether a request was made on this machine, and not only passed on by a proxy that runs here. A proxy that adds none of
 * the headers that proxies add cannot be told from a caller.
 */
export function isFromThisMachine({ socket, headers }: Arrived): boolean {
  return isLoopback(socket.remoteAddress) && proxyHeaders.every(name => headers[name] === undefined)
}

const isLoopback = (address: string | undefined): boolean =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
