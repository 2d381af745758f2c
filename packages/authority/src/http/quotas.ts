import { type MakeRateLimiter, networkOf, type RateLimiter, type RateLimitState, rateLimiter } from '@sallyport/server'
import type { AuthorityContext } from '../context.ts'

/**
 * What one network (IPv4 address or IPv6 /64) may ask that costs us a row or a judgement before anybody has proven who
 * they are. In this process's memory, unless it is given limiters that several share.
 */
export interface Quotas {
  /** Sign-ins begun and passkey challenges. */
  readonly signIns: NetworkQuota
  /** Requests to the form endpoints that came to nothing. */
  readonly tokens: NetworkQuota
}

export interface NetworkQuota {
  take(address: string): RateLimitState
  giveBack(address: string): void
}

export function quotasOf(
  context: AuthorityContext,
  limiter: MakeRateLimiter = (_name, policy) => rateLimiter(policy),
): Quotas {
  const { interactionsPerMinute, refusedTokenRequestsPerMinute } = context.settings
  return {
    signIns: networkQuota(limiter('sign-ins', { requests: interactionsPerMinute, seconds: 60 }), context),
    tokens: networkQuota(limiter('tokens', { requests: refusedTokenRequestsPerMinute, seconds: 60 }), context),
  }
}

const networkQuota = (limiter: RateLimiter, context: AuthorityContext): NetworkQuota => ({
  take: address => limiter.take(networkOf(address), context.now()),
  giveBack: address => limiter.giveBack(networkOf(address)),
})
