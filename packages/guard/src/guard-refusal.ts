import type { Refusal } from '@sallyport/credentials'
import type { GuardErrorCode } from './error-codes.ts'

/** Why a door stayed shut. `expected` and `got` are for the operator's log; the caller gets the code's title and hint. */
export interface GuardRefusal extends Refusal<GuardErrorCode> {
  /** The scheme whose challenge the answer carries: the caller's own, or the one that would do. */
  readonly scheme?: 'Bearer' | 'DPoP'
  /** RFC 9470 §3, for `step_up_required`. */
  readonly acr_values?: string
  /** Seconds (RFC 9470 §3). */
  readonly max_age?: number
  /** A nonce for the next proof (RFC 9449 §9). */
  readonly dpopNonce?: string
}
