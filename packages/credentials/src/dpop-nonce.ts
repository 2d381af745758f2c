import { createHmac } from 'node:crypto'
import { sameSecret } from './opaque-token.ts'

/** Nonces without memory: every replica that has the key makes and accepts the same ones. */
export interface DpopNonces {
  /** The nonce of the current slot, for the `DPoP-Nonce` header. */
  issue(nowSeconds: number): string
  /** Whether the nonce is of the current or the previous slot: it is good for two to four minutes. */
  accepts(nonce: string | undefined, nowSeconds: number): boolean
}

const slotSeconds = 120

/**
 * @param key  secret, at least 32 bytes, kept for this purpose alone
 * @throws when the key is shorter
 * @see RFC 9449 §8 and §9; a nonce needs no uniqueness, only that clients cannot foretell it
 */
export function dpopNonces(key: Uint8Array): DpopNonces {
  if (key.byteLength < 32) throw new Error(`a nonce key has at least 32 bytes, got ${key.byteLength}`)
  const nonceOf = (slot: number) => createHmac('sha256', key).update(`dpop-nonce ${slot}`).digest('base64url')
  const slotOf = (nowSeconds: number) => Math.floor(nowSeconds / slotSeconds)
  let last: { slot: number; current: string; previous: string } | undefined
  const at = (nowSeconds: number) => {
    const slot = slotOf(nowSeconds)
    if (last?.slot !== slot) last = { slot, current: nonceOf(slot), previous: nonceOf(slot - 1) }
    return last
  }
  return {
    issue: nowSeconds => at(nowSeconds).current,
    accepts: (nonce, nowSeconds) => {
      if (nonce === undefined) return false
      const { current, previous } = at(nowSeconds)
      return sameSecret(nonce, current) || sameSecret(nonce, previous)
    },
  }
}
