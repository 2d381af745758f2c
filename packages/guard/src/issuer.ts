import { type KeySource, remoteKeySet } from '@sallyport/credentials'
import type { GuardContext } from './guard-context.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import { type IntrospectingClient, introspect } from './introspection.ts'
import { type IssuerMetadata, readIssuerMetadata } from './issuer-metadata.ts'

/** What the guard asks its issuer: for keys, and about opaque tokens. */
export interface Issuer {
  readonly issuer: string
  readonly keys: KeySource
  /** The issuer's own document, or why it cannot be had. */
  metadata(): Promise<IssuerMetadata | Error>
  /** Absent without a client: then opaque tokens are refused by name. */
  readonly introspect: ((token: string) => Promise<Readonly<Record<string, unknown>> | GuardRefusal>) | undefined
}

export interface IssuerOptions {
  readonly issuer: string
  /** Where to fetch keys, when the issuer's public address is not reachable from here. */
  readonly jwksUrl?: string | undefined
  readonly client?: IntrospectingClient | undefined
}

const metadataTtlSeconds = 600
const failureTtlSeconds = 1

/** Connects to an issuer when first needed: nothing is fetched before the first token comes. */
export function connectIssuer(options: IssuerOptions, context: GuardContext): Issuer {
  const { issuer, client } = options
  const metadata = metadataOnDemand(issuer, context)
  return {
    issuer,
    metadata,
    keys: keysOnDemand(options.jwksUrl, metadata, context),
    introspect:
      client &&
      (async token => {
        const known = await metadata()
        if (known instanceof Error)
          return { refused: 'introspection_unavailable', expected: 'metadata', got: known.message }
        return introspect(token, known, client, context)
      }),
  }
}

/** One flight at a time; a failure is remembered for a second, so that an outage is not answered with a storm. */
function metadataOnDemand(issuer: string, context: GuardContext): () => Promise<IssuerMetadata | Error> {
  let flight: Promise<IssuerMetadata | Error> | undefined
  let until = 0
  return () => {
    if (flight !== undefined && context.elapsedSeconds() < until) return flight
    until = Number.POSITIVE_INFINITY
    flight = readIssuerMetadata(issuer, context.fetch).then(
      metadata => {
        until = context.elapsedSeconds() + metadataTtlSeconds
        return metadata
      },
      (error: unknown) => {
        until = context.elapsedSeconds() + failureTtlSeconds
        return error instanceof Error ? error : new Error('no metadata')
      },
    )
    return flight
  }
}

function keysOnDemand(
  jwksUrl: string | undefined,
  metadata: () => Promise<IssuerMetadata | Error>,
  context: GuardContext,
): KeySource {
  let keys: KeySource | undefined
  const at = (url: string): KeySource =>
    remoteKeySet({ url, fetch: context.fetch, nowSeconds: () => context.nowSeconds() })
  if (jwksUrl !== undefined) return at(jwksUrl)
  return {
    find(kid, alg) {
      if (keys !== undefined) return keys.find(kid, alg)
      return metadata().then(known => {
        if (known instanceof Error || known.jwks_uri === undefined) {
          const got = known instanceof Error ? known.message : 'no jwks_uri'
          context.log.error('issuer_metadata_unavailable', { expected: 'metadata with jwks_uri', got })
          return 'unavailable' as const
        }
        keys ??= at(known.jwks_uri)
        return keys.find(kid, alg)
      })
    },
    renewed: key => keys?.renewed?.(key),
    describe: () => keys?.describe?.() ?? 'none yet',
  }
}
