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
import type { PeekedWith } from '@sallyport/store'
import { findClient } from './clients.ts'
import type { AuthorityContext } from './context.ts'
import type { AccessTokenRecord } from './issued-access-token.ts'
import { isRevoked, type RevocationAlong, revocationReferences, wasRevoked } from './revocations.ts'

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
  const client = await findClient(context, read.claims.client_id)
  if (client === undefined || client.disabled) return { dead: 'client_disabled' }
  return read
}

type Read = LiveAccessToken | DeadAccessToken

async function opaque(token: string, context: AuthorityContext): Promise<Read> {
  const shown = parseOpaqueToken(token, 'at')
  if (shown === undefined) return { dead: 'malformed' }
  const read = await context.store.peekWith<ReadToken>('access', shown.selector, revocationReferences)
  const same = sameSecret(read?.record.value.secret_hash ?? nobodysHash, shown.secretHash)
  if (read === undefined || !same) return { dead: 'unknown' }
  const { claims } = read.record.value
  if (claims.exp <= context.now()) return { dead: 'token_expired' }
  return wasRevoked(claims, read.along) ? { dead: 'revoked' } : { claims, format: 'opaque' }
}

type ReadToken = PeekedWith<AccessTokenRecord, RevocationAlong>

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
  const isOver = await isRevoked(read.claims, verified.key.kid, context)
  return isOver ? { dead: 'revoked' } : { claims: read.claims, format: 'jwt' }
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
