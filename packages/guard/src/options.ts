import { importPrivateJwk, type PrivateJwk, type SigningKey } from '@sallyport/credentials'
import type { PolicyEngine } from '@sallyport/policy'
import type { GuardLog } from './guard-context.ts'
import type { IntrospectingClient } from './introspection.ts'
import type { ReplayMemory } from './replay-memory.ts'
import type { Tracer } from './tracer.ts'

/** What a service says once. Only `issuer` and `resource` are needed. */
export interface GuardOptions {
  /** The issuer's identifier, byte for byte as in its metadata. */
  readonly issuer: string
  /** This API's own identifier, byte for byte as in `aud`. */
  readonly resource: string
  /** Further identifiers whose tokens are taken too: for a gateway, which stands before the service it names. */
  readonly alsoAccept?: readonly string[]
  /** Where callers reach this API; default: the origin of `resource`. Proofs and metadata follow it, never `Host`. */
  readonly origin?: string
  /** Door two; default: scope fits and `object.owner` is the caller. */
  readonly policy?: PolicyEngine | Promise<PolicyEngine>
  /** Needed for opaque tokens alone. `key` is a private JWK with `alg`, or a signing key. */
  readonly client?: { readonly clientId: string; readonly key: SigningKey | PrivateJwk }
  /** Where used proofs are remembered; default: this process's memory. Several replicas share one. */
  readonly replay?: ReplayMemory
  /** The issuer's revocation feed, or `none` for an issuer that has none. */
  readonly revocation?: 'none' | RevocationOptions
  /** At least 32 bytes (base64url as text): proofs must carry nonces made under it (RFC 9449 §9). */
  readonly nonceSecret?: string | Uint8Array
  readonly log?: GuardLog
  /** Where spans of the doors go; without one none are made. */
  readonly tracer?: Tracer
  /** Where to fetch keys when the issuer's public address is not reachable from here. */
  readonly jwksUrl?: string
  /** Which narrower scopes a broader one contains: `{ 'write:orders': ['read:orders'] }`. */
  readonly implies?: Readonly<Record<string, readonly string[]>>
  /** Takes DPoP-bound tokens only, on every route. */
  readonly requireDpop?: boolean
  /** How far clocks may be apart, 0 to 60 s; default 5. */
  readonly leewaySeconds?: number
  /** Default 10,000. */
  readonly maxCachedTokens?: number
  /** Proofs remembered by the default memory; default 100,000. Beyond it requests with proofs get 503. */
  readonly maxProofs?: number
}

export interface RevocationOptions {
  /** Default: `<issuer>/revocations`. */
  readonly url?: string
  /** Silence after which nothing is let through, 2 to 300 s; default 10. */
  readonly maxSilenceSeconds?: number
}

/** Options with every default in place. */
export interface GuardSettings {
  readonly issuer: string
  readonly resource: string
  readonly alsoAccept: readonly string[]
  readonly origin: string
  readonly client: IntrospectingClient | undefined
  readonly replay: ReplayMemory | undefined
  readonly feed: { readonly url: string; readonly maxSilenceSeconds: number } | undefined
  readonly nonceKey: Uint8Array | undefined
  readonly jwksUrl: string | undefined
  readonly implies: Readonly<Record<string, readonly string[]>>
  readonly requireDpop: boolean
  readonly leewaySeconds: number
  readonly maxCachedTokens: number
  readonly maxProofs: number
}

const names: ReadonlySet<string> = new Set<keyof GuardOptions>([
  'issuer',
  'resource',
  'alsoAccept',
  'origin',
  'policy',
  'client',
  'replay',
  'revocation',
  'nonceSecret',
  'log',
  'tracer',
  'jwksUrl',
  'implies',
  'requireDpop',
  'leewaySeconds',
  'maxCachedTokens',
  'maxProofs',
])

/**
 * Checks what a service said and fills in the rest, so that nothing wrong is found by the first request only.
 *
 * @throws Error naming the option, what was expected and what came
 */
export function guardSettings(options: GuardOptions): GuardSettings {
  for (const name of Object.keys(options)) {
    if (!names.has(name)) throw new Error(`guard: "${name}" is no option; there are ${[...names].join(', ')}`)
  }
  const issuer = address('issuer', options.issuer)
  if (issuer.protocol !== 'https:' && !isLoopback(issuer)) {
    throw new Error(`guard: issuer is https, or http on loopback; got ${options.issuer}`)
  }
  const resource = address('resource', options.resource)
  if (options.origin === undefined && resource.origin === 'null') {
    throw new Error(`guard: resource ${options.resource} has no origin; say origin as well`)
  }
  const { origin } = address('origin', options.origin ?? resource.origin)
  const replay = options.replay
  return {
    issuer: options.issuer,
    resource: options.resource,
    alsoAccept: options.alsoAccept ?? [],
    origin,
    client: options.client && introspectingClient(options.client),
    replay,
    feed: options.revocation === 'none' ? undefined : feedSettings(options.issuer, options.revocation ?? {}),
    nonceKey: options.nonceSecret === undefined ? undefined : nonceKey(options.nonceSecret),
    jwksUrl: options.jwksUrl,
    implies: options.implies ?? {},
    requireDpop: options.requireDpop ?? false,
    leewaySeconds: within('leewaySeconds', options.leewaySeconds ?? 5, 0, 60),
    maxCachedTokens: within('maxCachedTokens', options.maxCachedTokens ?? 10_000, 1, 10_000_000),
    maxProofs: within('maxProofs', options.maxProofs ?? 100_000, 1, 10_000_000),
  }
}

function feedSettings(issuer: string, options: RevocationOptions): NonNullable<GuardSettings['feed']> {
  const maxSilenceSeconds = within('revocation.maxSilenceSeconds', options.maxSilenceSeconds ?? 10, 2, 300)
  return { url: options.url ?? `${issuer.replace(/\/$/, '')}/revocations`, maxSilenceSeconds }
}

function introspectingClient(client: NonNullable<GuardOptions['client']>): IntrospectingClient {
  if ('privateKey' in client.key) return { clientId: client.clientId, key: client.key }
  const { alg } = client.key
  if (alg !== 'ES256' && alg !== 'PS256' && alg !== 'RS256' && alg !== 'EdDSA') {
    throw new Error(`guard: client.key says its alg (ES256, PS256, RS256 or EdDSA); got ${alg ?? 'none'}`)
  }
  const key = importPrivateJwk(client.key, alg)
  if ('refused' in key) throw new Error(`guard: client.key: expected ${key.expected}, got ${key.got}`)
  return { clientId: client.clientId, key }
}

function nonceKey(secret: string | Uint8Array): Uint8Array {
  const key = typeof secret === 'string' ? Buffer.from(secret, 'base64url') : secret
  if (key.byteLength < 32) throw new Error(`guard: nonceSecret has at least 32 bytes; got ${key.byteLength}`)
  return key
}

function address(name: string, value: string): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw new Error(`guard: ${name} is an absolute address; got ${JSON.stringify(value)}`)
  }
  if (value.includes('#')) throw new Error(`guard: ${name} has no fragment (RFC 8707 §2); got ${value}`)
  return new URL(value)
}

function within(name: string, value: number, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value
  throw new Error(`guard: ${name} is between ${min} and ${max}; got ${value}`)
}

function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' ||
    url.hostname.endsWith('.localhost') ||
    url.hostname === '127.0.0.1' ||
    url.hostname === '[::1]'
  )
}
