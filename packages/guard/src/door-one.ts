import { judgeCaller, type PresentedToken } from '@sallyport/credentials'
import { type Authorization, findAuthorization, refuseForm } from './authorization.ts'
import type { DescribedRequest } from './described-request.ts'
import { guardRefusal } from './from-credentials.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { MaybePromise } from './maybe-promise.ts'
import { type JudgedProof, judgeProof, type ProofRules, rememberProof } from './proof.ts'
import type { Revocations } from './revocations.ts'
import { type KnownToken, type TokenCache, tokenHash } from './token-cache.ts'

/** What door one judges by. */
export interface DoorOne extends ProofRules {
  readonly cache: TokenCache
  readonly revocations: Revocations
  readonly leewaySeconds: number
  /** Takes DPoP-bound tokens only. */
  readonly requireDpop: boolean
  /** Where a proof is to be verified, all of one turn are verified back to back: that takes 3/4 of the time. */
  endOfTurn(): Promise<void>
  /** Judges a token at first sight, all but its proof's use: signature and claims, or the issuer's word. */
  readonly judge: (presented: PresentedToken, hash: string) => Promise<KnownToken | GuardRefusal>
}

/**
 * Door one: who is calling. A bearer token seen before is judged at once (its end, its sender, its revocation); only a
 * token at first sight, or a proof, makes the answer a promise. A proof is remembered as used last of all, so
 * that a request refused for anything else costs none.
 *
 * @returns the token that passed, with its caller, or why not
 * @see RFC 6750 §2.1, RFC 9068 §4, RFC 9449 §7, RFC 8705 §3
 */
export function enterDoorOne(door: DoorOne, request: DescribedRequest): MaybePromise<KnownToken | GuardRefusal> {
  const authorization = findAuthorization(request)
  if ('refused' in authorization) return authorization
  const { scheme, token } = authorization
  if (scheme === 'Bearer' && request.certificate === undefined) return lookUp(door, authorization, undefined)
  const { certificate } = request
  if (scheme === 'Bearer') return lookUp(door, { scheme, token, certificate }, undefined)
  const malformed = refuseForm(authorization)
  if (malformed !== undefined) return malformed
  return door.endOfTurn().then(() => {
    const proof = judgeProof(door, request, token)
    return 'refused' in proof ? proof : lookUp(door, { scheme, token, proof, certificate }, proof)
  })
}

function lookUp(
  door: DoorOne,
  presented: Authorization & PresentedToken,
  proof: JudgedProof | undefined,
): MaybePromise<KnownToken | GuardRefusal> {
  const hash = proof?.ath ?? tokenHash(presented.token)
  const known = door.cache.get(hash)
  const nowSeconds = door.nowSeconds()
  if (known === undefined || known.until <= nowSeconds)
    return refuseForm(presented) ?? firstSight(door, presented, hash, proof)
  const refusal = judgeCaller(known.caller, proof === undefined ? presented : { ...presented, hash }, {
    nowSeconds,
    revocations: door.revocations,
    leewaySeconds: door.leewaySeconds,
  })
  if (refusal === undefined) return admit(door, known, proof)
  if (refusal.refused === 'revoked' || refusal.refused === 'token_expired') door.cache.drop(hash)
  return guardRefusal(refusal, presented.scheme, door.revocations)
}

async function firstSight(
  door: DoorOne,
  presented: PresentedToken,
  hash: string,
  proof: JudgedProof | undefined,
): Promise<KnownToken | GuardRefusal> {
  const opening = door.revocations.opened()
  if (opening !== undefined) await opening
  const judged = await door.judge(presented, hash)
  if ('refused' in judged) return judged
  return admit(door, judged, proof)
}

function admit(
  door: DoorOne,
  known: KnownToken,
  proof: JudgedProof | undefined,
): MaybePromise<KnownToken | GuardRefusal> {
  if (proof !== undefined) return rememberProof(door, known, proof)
  return door.requireDpop && known.caller.sender.kind !== 'dpop' ? bearerNotTaken : known
}

const bearerNotTaken: GuardRefusal = {
  refused: 'dpop_required',
  rule: 'RFC 9449 §7.1',
  expected: 'a DPoP-bound token',
  got: 'a bearer token',
}
