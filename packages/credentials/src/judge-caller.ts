import type { AccessTokenClaims } from './access-token.ts'
import type { Caller, Sender } from './caller.ts'
import { accessTokenHash, type DpopProof } from './dpop.ts'
import { leewayOf } from './jwt-times.ts'
import { sameSecret } from './opaque-token.ts'
import type { Refusal } from './refusal.ts'

/** A token with what came along, as received. */
export interface PresentedToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
  /** `accessTokenHash(token)`, where it is known already. */
  readonly hash?: string | undefined
  /** What `verifyDpopProof` said of the request's proof, asked with this token as `accessToken`. */
  readonly proof?: DpopProof | undefined
  /** The SHA-256 thumbprint, base64url, of the client certificate that TLS proved (RFC 8705 §3.1). */
  readonly certificate?: string | undefined
}

/** Whether a token was revoked. `unknown` when the knowledge is too old to tell: then the answer is 503, never 401. */
export interface RevocationView {
  judge(token: RevocableToken): 'live' | 'revoked' | 'unknown'
}

/** What a revocation can name of a token. */
export interface RevocableToken {
  readonly jti: string
  readonly family?: string | undefined
  readonly clientId: string
  readonly kid?: string | undefined
  /** Unix seconds. */
  readonly iat: number
}

/** For an issuer without a feed: a revoked token lives until it expires. Say so at the start and in a metric. */
export const noRevocations: RevocationView = { judge: () => 'live' }

export type CallerRefusal = Refusal<'token_expired' | 'unbound' | 'revoked' | 'revocation_unknown'>

const defaultLeewaySeconds = 5

/**
 * What has to be asked at every use of a token, also when its signature was verified before and the caller is remembered:
 * expiry, sender, revocation.
 *
 * @returns `undefined` when the caller is good now
 * @see RFC 9449 §7.1 and §7.2, RFC 8705 §3
 */
export function judgeCaller(
  caller: Caller,
  presented: PresentedToken,
  context: {
    readonly nowSeconds: number
    readonly revocations: RevocationView
    readonly leewaySeconds?: number | undefined
  },
): CallerRefusal | undefined {
  const past = context.nowSeconds - caller.expiresAt
  if (past >= leewayOf(context.leewaySeconds, defaultLeewaySeconds)) return expired(past)
  return refuseSender(caller, presented) ?? refuseRevoked(caller, context.revocations)
}

/** The sender a token is bound to. */
export function senderOf(cnf: AccessTokenClaims['cnf']): Sender {
  if (cnf?.jkt !== undefined) return { kind: 'dpop', jkt: cnf.jkt }
  const x5tS256 = cnf?.['x5t#S256']
  return x5tS256 === undefined ? bearer : { kind: 'mtls', x5tS256 }
}

/** One for all: a token's own would be one more piece of memory to fetch at each use. */
const bearer: Sender = Object.freeze({ kind: 'bearer' })

function refuseSender(caller: Caller, presented: PresentedToken): CallerRefusal | undefined {
  const { sender } = caller
  if (sender.kind === 'dpop') {
    if (presented.scheme !== 'DPoP') return unbound('RFC 9449 §7.2', 'the DPoP scheme with a proof', 'Bearer')
    const { proof } = presented
    if (proof === undefined) return unbound('RFC 9449 §7.1', 'a DPoP proof', 'none')
    if (!sameSecret(proof.jkt, sender.jkt))
      return unbound('RFC 9449 §7.1', 'a proof by the key of the token', 'another key')
    if (proof.ath === undefined || !sameSecret(proof.ath, presented.hash ?? accessTokenHash(presented.token)))
      return unbound('RFC 9449 §7.1', 'a proof for this token', 'a proof for another')
  } else if (presented.scheme === 'DPoP')
    return unbound(
      'RFC 9449 §7.1',
      'a token bound to a key',
      'a token bound to none',
      'Send it with the Bearer scheme.',
    )
  const certificate = certificateOf(caller)
  if (certificate === undefined) return undefined
  if (presented.certificate === undefined) return unbound('RFC 8705 §3', 'the client certificate of the token', 'none')
  if (sameSecret(presented.certificate, certificate)) return undefined
  return unbound('RFC 8705 §3', 'the client certificate of the token', 'another')
}

/** A token may be bound to a key and a certificate at once: then both are asked for. */
function certificateOf(caller: Caller): string | undefined {
  if (caller.sender.kind === 'bearer') return undefined
  if (caller.sender.kind === 'mtls') return caller.sender.x5tS256
  const cnf = caller.claims.cnf
  if (typeof cnf !== 'object' || cnf === null || !('x5t#S256' in cnf)) return undefined
  return typeof cnf['x5t#S256'] === 'string' ? cnf['x5t#S256'] : undefined
}

function refuseRevoked(caller: Caller, revocations: RevocationView): CallerRefusal | undefined {
  const verdict = revocations.judge({
    jti: caller.tokenId,
    family: caller.family,
    clientId: caller.clientId,
    kid: caller.keyId,
    iat: caller.issuedAt,
  })
  if (verdict === 'live') return undefined
  if (verdict === 'revoked')
    return {
      refused: 'revoked',
      rule: 'RFC 7009 §2',
      expected: 'a live token',
      got: 'a revoked one',
      hint: 'Sign in again.',
    }
  const hint = 'Try again; the issuer’s revocation feed must be reachable.'
  return { refused: 'revocation_unknown', expected: 'a revocation feed in time', got: 'silence over the bound', hint }
}

function expired(agoSeconds: number): CallerRefusal {
  const got = `${Math.floor(agoSeconds)} s ago`
  return {
    refused: 'token_expired',
    rule: 'RFC 9068 §4',
    expected: 'an end after now',
    got,
    hint: 'Refresh the token.',
  }
}

function unbound(rule: string, expected: string, got: string, hint = `Send ${expected}.`): CallerRefusal {
  return { refused: 'unbound', rule, expected, got, hint }
}
