import { importPublicJwk, type VerifyKey } from './jwk.ts'
import type { FeedKeyMessage } from './revocation-feed.ts'

/** The feed keys believed now, oldest first. A value: every change makes another one. */
export type FeedTrust = readonly VerifyKey[]

/**
 * Believes the key a message names: the first one ever when it introduces itself (pinned at first contact), later ones
 * only when a trusted key vouches for them.
 *
 * @returns the same trust when the message changes nothing
 */
export function trustWith(trust: FeedTrust, message: FeedKeyMessage, signedBy: VerifyKey): FeedTrust {
  const key = importPublicJwk(message.jwk)
  if ('refused' in key || trustedKey(trust, key.kid) !== undefined) return trust
  const isFirst = trust.length === 0 && key.thumbprint === signedBy.thumbprint
  return isFirst || trust.includes(signedBy) ? [...trust, key] : trust
}

/** Whoever signs with a successor has retired the keys before it: what only they vouch for is over. */
export function trustFrom(trust: FeedTrust, signedBy: VerifyKey): FeedTrust {
  return trust[0] === signedBy ? trust : trust.slice(trust.indexOf(signedBy))
}

export function trustedKey(trust: FeedTrust, kid: string | undefined): VerifyKey | undefined {
  return trust.find(key => key.kid === kid)
}
