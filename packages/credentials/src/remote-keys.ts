import type { SigningAlgorithm } from './algorithms.ts'
import { importPublicJwk, type JwkRefusal, type VerifyKey } from './jwk.ts'
import { type KeySource, selectKey } from './key-source.ts'
import { parseJsonObject } from './strict-json.ts'

/** The part of `fetch` that is used. The one passed in sets its own limits of time and address. */
export type FetchKeys = (
  url: string,
  init: { readonly headers: Record<string, string>; readonly redirect: 'error' },
) => Promise<{ readonly status: number; text(): Promise<string> }>

export interface RemoteKeySetOptions {
  /** The issuer's `jwks_uri`. */
  readonly url: string
  readonly fetch: FetchKeys
  /** Unix seconds. */
  readonly nowSeconds: () => number
  /** After this the keys are fetched again, while the old ones serve. Default 300. */
  readonly freshSeconds?: number
  /** Without a successful fetch for this long the old keys serve no more. Default 3600. */
  readonly outageSeconds?: number
  /** How long after a fetch that failed, or did not find the name it was made for, no other is made for a name. Default 5. */
  readonly cooldownSeconds?: number
}

/** What the operator wants to know of a remote key set. */
export interface RemoteKeysState {
  readonly kids: readonly string[]
  /** Unix seconds of the last success. */
  readonly fetchedAt: number | undefined
  readonly lastError: string | undefined
}

export type RemoteKeySet = Required<KeySource> & { state(): RemoteKeysState }

const maxSetLength = 512 * 1024
const maxKeys = 128

/**
 * An issuer's published keys, fetched when needed and kept.
 *
 * A name that is not known causes one fetch, shared by everyone who waits. When that finds it (a key rotated by command signs
 * at once), the next unknown name may cause another; when it does not, none is made within `cooldownSeconds`, so that invented
 * names cost the issuer nothing. While the issuer is down the kept keys serve for `outageSeconds`.
 *
 * @see RFC 7517 §5: keys of other kinds and uses are passed over
 */
export function remoteKeySet(options: RemoteKeySetOptions): RemoteKeySet {
  const { nowSeconds, freshSeconds = 300, outageSeconds = 3600, cooldownSeconds = 5 } = options
  let keys: readonly VerifyKey[] = []
  let fetchedAt: number | undefined
  let missedAt: number | undefined
  let lastError: string | undefined
  let flight: Promise<void> | undefined

  const load = async () => {
    try {
      keys = await loadKeySet(options)
      fetchedAt = nowSeconds()
      lastError = undefined
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error)
      missedAt = nowSeconds()
    } finally {
      flight = undefined
    }
  }
  const reload = () => {
    flight ??= load()
    return flight
  }
  const mayFetch = () => missedAt === undefined || nowSeconds() - missedAt >= cooldownSeconds
  const age = () => (fetchedAt === undefined ? Number.POSITIVE_INFINITY : nowSeconds() - fetchedAt)
  const reloadIfAllowed = async () => {
    if (flight !== undefined || mayFetch()) await reload()
  }

  const findSlowly = async (kid: string | undefined, alg: SigningAlgorithm) => {
    await reloadIfAllowed()
    if (age() >= outageSeconds) return 'unavailable'
    const key = selectKey(keys, kid, alg)
    if (key !== undefined) return key
    if (mayFetch()) missedAt = nowSeconds()
    return lastError === undefined ? 'unknown' : 'unavailable'
  }
  return {
    find: (kid, alg) => {
      const ageSeconds = age()
      const serves = ageSeconds < outageSeconds
      if (serves && ageSeconds >= freshSeconds && flight === undefined && mayFetch()) void reload()
      const key = serves ? selectKey(keys, kid, alg) : undefined
      return key ?? findSlowly(kid, alg)
    },
    renewed: async key => {
      await reloadIfAllowed()
      const renewed = keys.find(other => other.kid === key.kid && other.thumbprint !== key.thumbprint)
      if (renewed === undefined && mayFetch()) missedAt = nowSeconds()
      return renewed
    },
    describe: () => {
      const known = keys.map(key => key.kid.slice(0, 64)).join(', ') || 'none'
      return fetchedAt === undefined ? `none (${lastError ?? 'never fetched'})` : `${known} (${age()} s old)`
    },
    state: () => ({ kids: keys.map(key => key.kid), fetchedAt, lastError }),
  }
}

async function loadKeySet({ url, fetch: get }: RemoteKeySetOptions): Promise<readonly VerifyKey[]> {
  const response = await get(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
  })
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  const text = await response.text()
  if (text.length > maxSetLength) throw new Error(`${url} answered with more than ${maxSetLength} bytes`)
  const set = parseJsonObject(text)
  if (!Array.isArray(set?.keys) || set.keys.length > maxKeys) throw new Error(`${url} answered with no JWK set`)
  return set.keys.map(importPublicJwk).filter(isUsable)
}

function isUsable(key: VerifyKey | JwkRefusal): key is VerifyKey {
  return !('refused' in key)
}
