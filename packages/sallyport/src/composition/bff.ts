import {
  type AuthorityMetadata,
  type BffContext,
  type BffSettings,
  readAuthorityMetadata,
  readSite,
  registerBff,
} from '@sallyport/bff'
import { batchedSign, type KeySource, remoteKeySet, type SigningKey } from '@sallyport/credentials'
import type { PartTracer } from '@sallyport/guard'
import {
  addHealthRoutes,
  createListener,
  createMetrics,
  type Listener,
  type Log,
  serveMetrics,
} from '@sallyport/server'
import type { MasterKey, Store } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import type { Addresses } from '../demo/addresses.ts'
import { tenant } from './authority.ts'
import { nowSeconds, random } from './clock.ts'

const metadataMs = 5_000

/** One page: its files, and what its back end may do for it. */
export interface App extends Pick<BffSettings, 'clientId' | 'scope' | 'usualScope' | 'resources' | 'routes'> {
  /** Folder of its files. */
  readonly files: string
  /** Origins that it may call by itself, without its back end. */
  readonly connect: readonly string[]
  /** Adds what this page needs beside a back end. */
  readonly extend?: (listener: Listener, context: BffContext) => void
}

/** A page, and the back end that keeps its tokens. */
export async function composeBff(options: {
  readonly addresses: Addresses
  readonly port: number
  readonly settings: Settings
  readonly store: Store
  readonly masterKey: MasterKey
  readonly clientKey: SigningKey
  readonly app: App
  readonly log: Log
  readonly tracer?: PartTracer
}): Promise<Listener> {
  const { addresses, app, masterKey, settings, log, tracer } = options
  const { addresses: bound, trustedProxies } = settings.authority
  const listener = createListener({
    name: 'bff',
    origin: addresses.app,
    port: options.port,
    addresses: bound,
    hosts: ['127.0.0.1', '[::1]'],
    log,
    portFlag: '--app-port',
    urgencyOf: (_method, path) => (path === '/bff/logout' ? 'first' : 'usual'),
    limits: { drainMs: settings.process.drainSeconds * 1000 },
    trace: tracer,
    ...(trustedProxies.length === 0 ? {} : { trustProxy: trustedProxies }),
  })
  const store = options.store.of(tenant)
  const context: BffContext = {
    settings: {
      origin: addresses.app,
      issuer: addresses.issuer,
      clientId: app.clientId,
      scope: app.scope,
      usualScope: app.usualScope,
      resources: app.resources,
      routes: app.routes,
      sessionTtlSeconds: settings.sessions.ttlSeconds,
    },
    store,
    clientKey: options.clientKey,
    sign: batchedSign(setImmediate),
    loginKey: masterKey.subkey('bff-login'),
    ...authorityOf(addresses.issuer),
    fetch: tracer === undefined ? fetch : tracedFetch(tracer),
    ...(tracer === undefined ? {} : { call: tracer.call }),
    now: nowSeconds,
    random,
    log,
  }
  serveMetrics(listener, createMetrics())
  registerBff(listener.app, context, { files: await readSite(app.files), connect: app.connect })
  app.extend?.(listener, context)
  addHealthRoutes(listener.app, { store: async () => (await store.peek('session', 'none')) === undefined })
  return listener
}

/** What the authority is asked continues the trace of the request that it is asked for. */
function tracedFetch({ call }: PartTracer): BffContext['fetch'] {
  return (url, init) =>
    call({
      method: init.method ?? 'GET',
      url: new URL(url),
      send: more => {
        const headers = new Headers(init.headers)
        for (const [name, value] of Object.entries(more)) headers.set(name, value)
        return fetch(url, { ...init, headers })
      },
      status: response => response.status,
    })
}

/** The authority's metadata and keys, asked for when first needed: the back end may be there before it. */
function authorityOf(issuer: string): Pick<BffContext, 'metadata' | 'keys'> {
  let known: Promise<AuthorityMetadata> | undefined
  let keys: KeySource | undefined
  const load = async (): Promise<AuthorityMetadata> => {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(metadataMs),
    })
    return readAuthorityMetadata(await answer.json(), issuer)
  }
  const metadata = (): Promise<AuthorityMetadata> => {
    known ??= load().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
  return {
    metadata,
    keys: async () => {
      keys ??= remoteKeySet({ url: (await metadata()).jwks_uri, fetch, nowSeconds })
      return keys
    },
  }
}
