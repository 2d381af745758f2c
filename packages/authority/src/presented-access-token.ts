import {
  type AccessTokenClaims,
  accessTokenType,
  fixedKeys,
  type KeyRing,
  type KeySource,
  keyState,
  parseOpaqueToken,
  readAccessTokenClaims,
  type SigningKey,
  sameSecret,
  signingAlgorithms,
  type VerifyKey,
  verifyJwt,
  verifyKeyOf,
} from '@sallyport/credentials'
import { findClient } from './clients.ts'
import type { AuthorityContext } from './context.ts'
import type { AccessTokenRecord } from './issued-access-token.ts'
import { isRevoked } from './revocations.ts'

/** Compared with where there is no row, so that an unknown selector costs what a wrong secret costs. */
const nobodysHash = 'A'.repeat(43)

export interface LiveAccessToken {
  readonly claims: AccessTokenClaims
  readonly format: 'opaque' | 'jwt'
}

/** Why a token is no live one of ours; for the log, never for whoever sent it. */
export interface DeadAccessToken {
  readonly dead: string
}

/**
 * What an access token of ours says, when it is alive: known or rightly signed, not expired, not revoked in any way, its
 * client enabled. For introspection, userinfo, revocation and exchange alike.
 */
export async function presentedAccessToken(
  token: string,
  context: AuthorityContext,
): Promise<LiveAccessToken | DeadAccessToken> {
  const read = token.startsWith('sp_') ? await opaque(token, context) : await jwt(token, context)
  if ('dead' in read) return read
  if (await isRevoked(read.claims, read.kid, context)) return { dead: 'revoked' }
  const client = await findClient(context, read.claims.client_id)
  if (client === undefined || client.disabled) return { dead: 'client_disabled' }
  return { claims: read.claims, format: read.format }
}

type Read = (LiveAccessToken & { readonly kid?: string }) | DeadAccessToken

async function opaque(token: string, context: AuthorityContext): Promise<Read> {
  const shown = parseOpaqueToken(token, 'at')
  if (shown === undefined) return { dead: 'malformed' }
  const stored = await context.store.peek<AccessTokenRecord>('access', shown.selector)
  const same = sameSecret(stored?.value.secret_hash ?? nobodysHash, shown.secretHash)
  if (stored === undefined || !same) return { dead: 'unknown' }
  const { claims } = stored.value
  return claims.exp <= context.now() ? { dead: 'token_expired' } : { claims, format: 'opaque' }
}

async function jwt(token: string, context: AuthorityContext): Promise<Read> {
  const verified = await verifyJwt(token, {
    typ: accessTokenType,
    algorithms: signingAlgorithms,
    keys: keySource(context.keys.ring(), context.now()),
    issuer: context.issuer,
    audience: undefined,
    nowSeconds: context.now(),
    leewaySeconds: 0,
  })
  if ('refused' in verified) return { dead: verified.refused }
  const read = readAccessTokenClaims(verified.claims)
  if ('refused' in read) return { dead: read.refused }
  return { claims: read.claims, format: 'jwt', kid: verified.key.kid }
}

/** Our own published keys as verifiers. */
export function keySource(ring: KeyRing, nowSeconds: number): KeySource {
  const published = ring.keys.filter(entry => keyState(entry, nowSeconds) !== 'removed')
  return fixedKeys(published.map(({ key }) => verifier(key)))
}

/** The public half, read once for each key. */
function verifier(key: SigningKey): VerifyKey {
  const known = verifiers.get(key)
  if (known !== undefined) return known
  const made = verifyKeyOf(key)
  verifiers.set(key, made)
  return made
}

const verifiers = new WeakMap<SigningKey, VerifyKey>()
