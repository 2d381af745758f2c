import { type Dispatcher, Pool } from 'undici'
import type { GatewayLimits } from '../options.ts'
import type { GatewayRoute } from '../route-table.ts'

/** Connections to all services, kept open between requests. */
export interface Upstreams {
  /** Those to one origin that a route names. */
  of(origin: string): Pick<Dispatcher, 'dispatch'>
  destroy(): Promise<void>
}

/** Answers are read strictly; protocol upgrades are not made. */
export function upstreams(limits: GatewayLimits, routes: readonly GatewayRoute[]): Upstreams {
  const pools = new Map<string, Pool>()
  for (const { upstream } of routes) {
    const { origin } = new URL(upstream)
    if (!pools.has(origin)) pools.set(origin, connect(origin, limits))
  }
  return {
    of(origin) {
      const pool = pools.get(origin)
      if (pool === undefined) throw new Error(`gateway: no route leads to ${origin}`)
      return pool
    },
    async destroy() {
      await Promise.all([...pools.values()].map(pool => pool.destroy()))
    },
  }
}

function connect(origin: string, limits: GatewayLimits): Pool {
  return new Pool(origin, {
    connections: limits.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.stalledMs,
    keepAliveTimeout: 4_000,
    maxHeaderSize: 32_768,
  })
}

/** Whether a failure to get an answer means the service was too slow, or not there. */
export function upstreamFailure(error: unknown): 'upstream_timeout' | 'upstream_unavailable' {
  const code = codeOf(error)
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
    ? 'upstream_timeout'
    : 'upstream_unavailable'
}

/** Whether a kept connection was closed under a request before anything came back: safe methods may go again. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'none'
}
