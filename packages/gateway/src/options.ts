import type { PrivateJwk, SigningKey } from '@sallyport/credentials'
import type { PartTracer, ReplayMemory, RevocationOptions } from '@sallyport/guard'
import type { ListenerLimits, ListenerOptions, Log, MakeRateLimiter, RateLimitPolicy } from '@sallyport/server'
import type { TrustedProxy } from './http/trusted-proxy.ts'
import type { GatewayRoute } from './route-table.ts'
import type { ProxyKind } from './rules/original-request.ts'

/** What an operator may set for the gateway. */
export interface GatewayOptions {
  /** Public origin of this listener, such as `http://localhost:4100`: `htu` and metadata follow it. */
  readonly origin: string
  readonly port: number
  readonly portFlag?: string
  /** A second listener that speaks TLS, with its own origin. */
  readonly secure?: {
    readonly origin: string
    readonly port: number
    readonly tls: NonNullable<ListenerOptions['tls']>
    readonly portFlag?: string
  }
  /** A listener on which another proxy asks for verdicts; see docs/proxies.md. */
  readonly decisions?: DecisionOptions
  readonly addresses?: readonly string[]
  /** Host names besides the origin's that are answered. */
  readonly hosts?: readonly string[]
  readonly issuer: string
  /** Where to fetch keys when the issuer's public address is not reachable from here. */
  readonly jwksUrl?: string
  /** The gateway at the issuer: private_key_jwt, for introspection and the exchange alone. */
  readonly client: { readonly clientId: string; readonly key: SigningKey | PrivateJwk }
  readonly routes: readonly GatewayRoute[]
  /** Origins of pages that may call from a browser; default none. */
  readonly cors?: { readonly origins: readonly string[] }
  readonly rateLimits?: Partial<GatewayRateLimits>
  /** Makes the limiters; default: in this process's memory. Several gateways share theirs. */
  readonly rateLimiter?: MakeRateLimiter
  readonly limits?: Partial<GatewayLimits>
  /** Size and time limits of the listener itself. */
  readonly listenerLimits?: Partial<ListenerLimits>
  readonly revocation?: 'none' | RevocationOptions
  readonly requireDpop?: boolean
  readonly nonceSecret?: string | Uint8Array
  readonly replay?: ReplayMemory
  /** Addresses of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustProxy?: readonly string[]
  readonly log?: Log
  /** Where spans go; without one none are made. */
  readonly tracer?: PartTracer
}

/** The gateway's verdict for another proxy, which carries the bytes itself. */
export interface DecisionOptions {
  /** Which proxy asks, and so how: nginx by `auth_request`, Envoy by `ext_authz` over HTTP. */
  readonly proxy: ProxyKind
  /** How that proxy is known; questions of anybody else are refused. */
  readonly from: TrustedProxy
  /** Public origin of the proxy: `htu` and metadata follow it. */
  readonly origin: string
  readonly port: number
  readonly portFlag?: string
  /** Default: those of the gateway. */
  readonly addresses?: readonly string[]
}

export interface GatewayRateLimits {
  /** Of one client and subject. Default 600 in 60 s. */
  readonly perCaller: RateLimitPolicy
  /** Of one address, for requests that did not pass door one. Default 120 in 60 s. */
  readonly perAddress: RateLimitPolicy
}

export interface GatewayLimits {
  /** Bytes of a request's body. Default 1 MiB. */
  readonly bodyBytes: number
  /** Until a connection to a service is open. Default 3 s. */
  readonly connectMs: number
  /** Until a service begins to answer. Default 30 s. */
  readonly answerMs: number
  /** How long an answer's body may stand still. Default 30 s. */
  readonly stalledMs: number
  /** Connections to one service. Default 128. */
  readonly connections: number
}

export const defaultRateLimits: GatewayRateLimits = {
  perCaller: { requests: 600, seconds: 60 },
  perAddress: { requests: 120, seconds: 60 },
}

export const defaultLimits: GatewayLimits = {
  bodyBytes: 1_048_576,
  connectMs: 3_000,
  answerMs: 30_000,
  stalledMs: 30_000,
  connections: 128,
}
