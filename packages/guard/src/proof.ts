import { type DpopNonces, type DpopProof, rememberKeys, verifyDpopProof } from '@sallyport/credentials'
import type { DescribedRequest } from './described-request.ts'
import type { GuardRefusal } from './guard-refusal.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ReplayMemory } from './replay-memory.ts'
import type { KnownToken } from './token-cache.ts'

/** What proofs are judged by. */
export interface ProofRules {
  /** Public origin of this API, for `htu`: configured, never guessed from `Host`. */
  readonly origin: string
  readonly replay: ReplayMemory
  readonly nonces: DpopNonces | undefined
  nowSeconds(): number
}

export type JudgedProof = DpopProof

const readKey = rememberKeys()

/**
 * Judges the proof that came with a token, all but its first use.
 *
 * @see RFC 9449 §4.3 checks, §7.1, §8 and §9 nonces
 */
export function judgeProof(rules: ProofRules, request: DescribedRequest, token: string): JudgedProof | GuardRefusal {
  const nowSeconds = rules.nowSeconds()
  const { nonces } = rules
  if (request.dpop === undefined) return withNonce(proofMissing, nonces, nowSeconds)
  const proof = verifyDpopProof(request.dpop, {
    method: request.method,
    url: rules.origin + pathOf(request.target),
    nowSeconds,
    accessToken: token,
    importKey: readKey,
    nonce: nonces && (nonce => nonces.accepts(nonce, nowSeconds)),
  })
  return 'refused' in proof ? withNonce({ ...proof, scheme: 'DPoP' }, nonces, nowSeconds) : proof
}

/** Remembers a proof as used; the second of two uses is refused (RFC 9449 §11.1). */
export function rememberProof(
  rules: ProofRules,
  known: KnownToken,
  proof: JudgedProof,
): MaybePromise<KnownToken | GuardRefusal> {
  const outcome = (claimed: 'won' | 'lost' | 'full') =>
    claimed === 'won' ? known : claimed === 'lost' ? replayed : memoryFull
  const claimed = rules.replay.claim(proof.jtiHash, proof.expiresAt)
  if (!(claimed instanceof Promise)) return outcome(claimed)
  return claimed.then(outcome, (error: unknown) => ({
    refused: 'replay_memory_unavailable',
    scheme: 'DPoP',
    expected: 'an answer of the replay memory',
    got: error instanceof Error ? error.message : 'a throw',
  }))
}

function withNonce(refusal: GuardRefusal, nonces: DpopNonces | undefined, nowSeconds: number): GuardRefusal {
  return nonces === undefined ? refusal : { ...refusal, dpopNonce: nonces.issue(nowSeconds) }
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

const proofMissing: GuardRefusal = {
  refused: 'proof_missing',
  rule: 'RFC 9449 §7.1',
  scheme: 'DPoP',
  expected: 'one DPoP header',
  got: 'none',
}

const replayed: GuardRefusal = {
  refused: 'proof_replayed',
  rule: 'RFC 9449 §11.1',
  scheme: 'DPoP',
  expected: 'a proof used once',
  got: 'the same proof again',
}

const memoryFull: GuardRefusal = {
  refused: 'replay_memory_full',
  scheme: 'DPoP',
  expected: 'room to remember a proof',
  got: 'a full memory: raise maxProofs or pass a replay memory of your own',
}
