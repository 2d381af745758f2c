import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ListenerLimits } from './limits.ts'
import type { Binding } from './sockets.ts'

/** One server of node:http (with `tls`, node:https) for each address, within the limits; none listens yet. */
export function createServers(
  addresses: readonly string[],
  tls: TlsOptions | undefined,
  limits: ListenerLimits,
): Binding {
  return addresses.map(address => ({ address, server: createOne(tls, limits) }))
}

function createOne(tls: TlsOptions | undefined, limits: ListenerLimits): Server {
  const http: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
    requireHostHeader: true,
    insecureHTTPParser: false,
    noDelay: true,
    // A request that announces no body is not made a stream that tells of its end: `readBody` knows.
    optimizeEmptyRequests: true,
  }
  if (tls === undefined) return createServer(http)
  return createTlsServer({ minVersion: 'TLSv1.2', handshakeTimeout: limits.headersMs, ...tls, ...http })
}

/**
 * Gives every server's requests to one handler, and what is no request to another.
 *
 * @returns the first server, whose malformed requests Fastify answers through its `clientErrorHandler`
 */
export function attach(
  binding: Binding,
  handler: RequestListener,
  malformed: (error: Error, socket: Duplex) => void,
  limits: ListenerLimits,
): Server {
  const [first, ...others] = binding
  if (first === undefined) throw new RangeError('a listener needs an address')
  for (const { server } of binding) {
    server.maxConnections = limits.connections
    server.maxRequestsPerSocket = limits.requestsPerConnection
    // Node drops what is over the count in silence, so it may keep one more, by which `judgeTarget` sees it.
    server.maxHeadersCount = limits.headerCount + 1
    server.setTimeout(limits.stalledMs)
    server.on('request', handler)
  }
  for (const { server } of others) server.on('clientError', malformed)
  return first.server
}

/** Replaces certificate and key of every server without closing anything. */
export function replaceCertificate(binding: Binding, tls: TlsOptions): void {
  for (const { server } of binding) {
    if ('setSecureContext' in server && typeof server.setSecureContext === 'function') server.setSecureContext(tls)
  }
}
