import {
  type AuthorityContext,
  type AuthoritySettings,
  argon2Passwords,
  authorityStore,
  createAuthority,
  openSigningKeys,
  Registrations,
  type SigningKeys,
} from '@sallyport/authority'
import { batchedSign, dpopNonces } from '@sallyport/credentials'
import type { PartTracer } from '@sallyport/guard'
import type { Listener, Log, Metrics } from '@sallyport/server'
import type { LaggingStore, MasterKey, ShortLived, Store } from '@sallyport/store'
import type { Settings } from '../configuration/load.ts'
import { nowMs, nowSeconds, random } from './clock.ts'
import { countedStore, recordCounts } from './counted.ts'
import { sharedLimiters } from './short-lived.ts'

/** The one tenant of an installation; tenants are rows, so that others can join it. */
export const tenant = 'main'

export interface ComposedAuthority {
  readonly context: AuthorityContext
  /** Takes what is live of a new configuration. */
  reconfigure(settings: Settings): void
  close(): void
}

/** Everything that touches the world, put together for the authority. */
export async function composeAuthority(options: {
  readonly issuer: string
  readonly settings: Settings
  readonly store: Store
  readonly masterKey: MasterKey
  readonly log: Log
  readonly metrics: Metrics
}): Promise<ComposedAuthority> {
  const { issuer, masterKey, log, metrics } = options
  const counts = recordCounts(metrics)
  const { audit } = options.store
  const store = authorityStore(countedStore(options.store.of(tenant), counts), new Registrations(nowMs))
  const keys: SigningKeys = await openSigningKeys({ store, now: nowSeconds, log, schedule: options.settings.keys })
  let settings = authoritySettings(options.settings)
  const context: AuthorityContext = {
    tenant,
    issuer,
    get settings() {
      return settings
    },
    store,
    keys,
    dpopNonces: dpopNonces(masterKey.subkey('dpop-nonce')),
    sign: batchedSign(setImmediate),
    now: nowSeconds,
    nowMs,
    random,
    passwords: argon2Passwords(),
    audit: record =>
      counts.during(
        record,
        () => audit.append(record),
        () => true,
      ),
    log,
  }
  return {
    context,
    reconfigure: next => {
      settings = authoritySettings(next)
    },
    close: () => keys.close(),
  }
}

/** Its listener, on every address of the configuration. */
export function authorityListener(
  authority: ComposedAuthority,
  options: {
    readonly port: number
    readonly settings: Settings
    readonly log: Log
    readonly metrics: Metrics
    readonly tracer?: PartTracer
    /** Its quotas are counted for all authorities there. */
    readonly shortLived?: ShortLived | undefined
    /** Where lists may be read that may lag. */
    readonly lagging?: LaggingStore | undefined
  },
): Listener {
  const { context } = authority
  const { addresses, trustedProxies } = options.settings.authority
  return createAuthority({
    context,
    metrics: options.metrics,
    lagging: options.lagging,
    ...sharedLimiters(options.shortLived, 'authority', options.settings),
    listener: {
      name: 'authority',
      origin: context.issuer,
      port: options.port,
      addresses,
      hosts: ['127.0.0.1', '[::1]'],
      log: options.log,
      portFlag: '--authority-port',
      limits: { drainMs: options.settings.process.drainSeconds * 1000 },
      trace: options.tracer,
      ...(trustedProxies.length === 0 ? {} : { trustProxy: trustedProxies }),
    },
  })
}

function authoritySettings(settings: Settings): AuthoritySettings {
  const { interactionsPerMinute, refusedTokenRequestsPerMinute } = settings.authority
  const quotas = { interactionsPerMinute, refusedTokenRequestsPerMinute }
  return { ...settings.tokens, ...quotas, sessionTtlSeconds: settings.sessions.ttlSeconds }
}
