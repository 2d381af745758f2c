import {
  type AccessTokenRefusal,
  type Caller,
  callerFromIntrospection,
  type KeySource,
  type PresentedToken,
  verifyAccessToken,
} from '@sallyport/credentials'
import { guardRefusal } from './from-credentials.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { Issuer } from './issuer.ts'
import type { Revocations } from './revocations.ts'
import type { KnownToken, TokenCache } from './token-cache.ts'

/** What a token at first sight is judged by. */
export interface FirstSight {
  readonly issuer: Issuer
  /** The identifiers whose tokens are taken; the first is this API's own. */
  readonly resources: readonly [string, ...string[]]
  readonly leewaySeconds: number
  readonly revocations: Revocations
  readonly cache: TokenCache
  nowSeconds(): number
  endOfTurn(): Promise<void>
}

/** Without a feed nothing can take a remembered token back, so it is asked about anew this soon. */
const rememberedWithoutFeedSeconds = 60

/**
 * Judges a token that is not remembered: a JWT by its signature and claims, an opaque one by the issuer's word. What
 * passed is remembered until it ends; an introspected one only where the feed can take it back.
 *
 * @see RFC 9068 §4, RFC 7662 §2.2 and §4 on caching
 */
export async function judgeAtFirstSight(
  sight: FirstSight,
  presented: PresentedToken,
  tokenHash: string,
): Promise<KnownToken | GuardRefusal> {
  const opaque = !presented.token.includes('.')
  const judged =
    opaque && sight.issuer.introspect ? await introspected(sight, presented) : await verified(sight, presented)
  if ('refused' in judged) {
    const { refused } = judged
    if (refused === 'introspection_unavailable') return { ...judged, refused, scheme: presented.scheme }
    return guardRefusal({ ...judged, refused }, presented.scheme, sight.revocations)
  }
  const hasFeed = sight.revocations.state().feed !== 'none'
  const until = hasFeed
    ? judged.expiresAt + sight.leewaySeconds
    : Math.min(judged.expiresAt, sight.nowSeconds() + rememberedWithoutFeedSeconds)
  const known: KnownToken = { caller: judged, tokenHash, until, met: undefined }
  if (!opaque || hasFeed) sight.cache.put(known)
  return known
}

function verified(sight: FirstSight, presented: PresentedToken): Promise<Caller | AccessTokenRefusal> {
  const { resources } = sight
  const expected = {
    issuer: sight.issuer.issuer,
    resource: resources.length === 1 ? resources[0] : resourceOf(audienceOfJwt(presented.token), resources),
    leewaySeconds: sight.leewaySeconds,
  }
  const { revocations } = sight
  return verifyAccessToken(presented, expected, {
    nowSeconds: sight.nowSeconds(),
    // With a proof, which was verified first, this is the end of a turn already.
    keys: presented.proof === undefined ? keysAtEndOfTurn(sight) : sight.issuer.keys,
    revocations,
  })
}

/**
 * The issuer's keys when the turn is over: tokens are read as they come, and their signatures are verified back to back,
 * which takes 3/4 of the time.
 */
function keysAtEndOfTurn({ issuer: { keys }, endOfTurn }: FirstSight): KeySource {
  return { ...keys, find: (kid, alg) => endOfTurn().then(() => keys.find(kid, alg)) }
}

async function introspected(
  sight: FirstSight,
  presented: PresentedToken,
): Promise<Caller | AccessTokenRefusal | (GuardRefusal & { readonly refused: 'introspection_unavailable' })> {
  const response = await sight.issuer.introspect?.(presented.token)
  if (response === undefined || 'refused' in response) {
    const { expected, got } = response ?? {}
    return {
      refused: 'introspection_unavailable',
      rule: 'RFC 7662 §2',
      ...(typeof expected === 'string' ? { expected } : {}),
      ...(typeof got === 'string' ? { got } : {}),
    }
  }
  const expected = {
    issuer: sight.issuer.issuer,
    resource: resourceOf(response.aud, sight.resources),
    leewaySeconds: sight.leewaySeconds,
  }
  const { revocations } = sight
  return callerFromIntrospection(response, presented, expected, { nowSeconds: sight.nowSeconds(), revocations })
}

/** Which of the accepted identifiers to hold the token to: one that it names, else this API's own. */
function resourceOf(audience: unknown, resources: readonly [string, ...string[]]): string {
  const named = Array.isArray(audience) ? audience : [audience]
  return resources.find(resource => named.includes(resource)) ?? resources[0]
}

/** What a JWT says of its audience; not believed, only used to choose what it is then held to. */
function audienceOfJwt(token: string): unknown {
  const [, payload] = token.split('.')
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined
  } catch {
    return undefined
  }
}
