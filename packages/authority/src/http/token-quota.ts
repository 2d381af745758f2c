import { networkOf } from '@sallyport/server'
import type { NetworkQuota } from './quotas.ts'

/** How many clients are remembered as proven; the one longest unseen goes. */
const maxProven = 10_000

/** Who asks at a form endpoint. */
export interface Asker {
  readonly address: string
  /** The client a request shows a secret or key of; `undefined` where it shows none. */
  readonly confidential: string | undefined
}

export interface TokenQuota {
  /** Pays before anything is judged, so that a crowd at once is not all let in. @returns seconds to wait, or `paid` or `free` */
  enter(asker: Asker): 'paid' | 'free' | { readonly waitSeconds: number }
  /** After an answer that was no refusal: it costs nothing. */
  settle(asker: Asker, entered: 'paid' | 'free'): void
}

/**
 * Refused requests cost a network's quota, whoever sent them. One that has none left is not judged (RFC 6585 §4), but for
 * clients that proved themselves from there before: a stranger at the same address must not lock out the gateway.
 */
export function tokenQuota(quota: NetworkQuota): TokenQuota {
  const proven = new Set<string>()
  let newest: string | undefined
  const keyOf = ({ address, confidential }: Asker) => `${networkOf(address)} ${confidential}`
  return {
    enter(asker) {
      const { allowed, retryAfterSeconds } = quota.take(asker.address)
      if (allowed) return 'paid'
      if (asker.confidential !== undefined && proven.has(keyOf(asker))) return 'free'
      return { waitSeconds: Math.max(1, retryAfterSeconds) }
    },
    settle(asker, entered) {
      if (entered === 'paid') quota.giveBack(asker.address)
      if (asker.confidential === undefined) return
      const key = keyOf(asker)
      if (key === newest) return
      newest = key
      proven.delete(key)
      proven.add(key)
      if (proven.size <= maxProven) return
      const [oldest] = proven
      if (oldest !== undefined) proven.delete(oldest)
    },
  }
}
