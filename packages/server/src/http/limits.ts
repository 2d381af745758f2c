/** What one listener takes at most. Times in milliseconds, sizes in bytes. */
export interface ListenerLimits {
  /** Request line and headers together. */
  readonly headerBytes: number
  /** Header lines of one request. */
  readonly headerCount: number
  /** Body of one request; a route may lower or raise it with Fastify's `bodyLimit`. */
  readonly bodyBytes: number
  /** From the first byte of a request until its headers are whole. */
  readonly headersMs: number
  /** From the first byte of a request until its body is whole. */
  readonly requestMs: number
  /** How long an idle connection is kept for a next request. */
  readonly keepAliveMs: number
  /** How long a connection may stand still in the middle of a request or answer. */
  readonly stalledMs: number
  /** How often the times above are looked at; a limit is kept to within this. */
  readonly checkMs: number
  /** Open connections per address. */
  readonly connections: number
  /** Requests on one connection before it is closed. */
  readonly requestsPerConnection: number
  /** How long open requests may take to finish once the listener closes. */
  readonly closeMs: number
  /**
   * What a listener that stops leaves to those who send requests here, twice: so long it only says that it is not ready,
   * and so long again, closed to new connections, it answers on kept ones and says that they end.
   */
  readonly drainMs: number
}

export const listenerLimits: ListenerLimits = {
  headerBytes: 16_384,
  headerCount: 100,
  bodyBytes: 65_536,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  stalledMs: 120_000,
  checkMs: 2_000,
  connections: 10_000,
  requestsPerConnection: 10_000,
  closeMs: 5_000,
  drainMs: 0,
}
