import { type DpopProof, verifyDpopProof } from '@sallyport/credentials'
import type { Client } from './client.ts'
import type { AuthorityContext } from './context.ts'
import { tokenError } from './refused.ts'
import type { TokenError } from './token-error.ts'
import type { TokenRequest } from './token-request.ts'

/**
 * The proof that a token request came with, or `undefined` where it has none. A right proof is used up here: its `jti` is
 * claimed before anything dearer (RFC 9449 §11.1, STANDARDS S41).
 *
 * A nonce is needed where the client is registered so; one that is sent is judged in any case (RFC 9449 §8).
 */
export async function dpopProof(
  request: TokenRequest,
  client: Pick<Client, 'require_dpop_nonce'>,
  context: AuthorityContext,
): Promise<DpopProof | undefined | TokenError> {
  const [proof, second] = request.proofs
  if (proof === undefined) return undefined
  if (second !== undefined) return severalProofs(request.proofs.length)
  const nowSeconds = context.now()
  const verified = verifyDpopProof(proof, {
    method: 'POST',
    url: request.url,
    nowSeconds,
    nonce: nonce => (nonce === undefined ? !client.require_dpop_nonce : context.dpopNonces.accepts(nonce, nowSeconds)),
  })
  if ('refused' in verified) return tokenError(verified.refused, verified, 'Make a new DPoP proof for this request.')
  const claimed = await context.store.claim('proof', verified.jtiHash, Math.ceil(verified.expiresAt))
  return claimed === 'won' ? verified : replayedProof()
}

const severalProofs = (count: number): TokenError => ({
  error: 'invalid_dpop_proof',
  reason: 'dpop_proof_repeated',
  rule: 'RFC 9449 §4.3',
  expected: 'one DPoP header',
  got: `${count}`,
  hint: 'Send one DPoP header.',
})

const replayedProof = (): TokenError => ({
  error: 'invalid_dpop_proof',
  reason: 'dpop_proof_replayed',
  rule: 'RFC 9449 §11.1',
  expected: 'a jti that was not used before',
  got: 'a used one',
  hint: 'Make a new proof, with a jti of its own, for each request.',
})
