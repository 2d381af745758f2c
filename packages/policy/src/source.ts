/** Where a policy is evaluated: in this thread as WebAssembly, or by an OPA beside us. It answers; it does not judge. */
export interface PolicySource {
  /** Digest of the policy's text and data in force. */
  readonly revision: string
  /**
   * The raw answer of one rule.
   *
   * @param entrypoint  the rule's path, such as `orders/decision`
   * @param inputJson  the question, as canonical JSON
   * @throws PolicyFailure when there is no answer
   */
  evaluate(entrypoint: string, inputJson: string): unknown
}

/**
 * Why there is no usable answer. Each word is the `reason` of the denial that follows.
 *
 * - `policy_input`: the question is not JSON, or too large
 * - `policy_error`: the evaluation failed
 * - `policy_timeout`: the sidecar took too long
 * - `policy_unavailable`: the sidecar could not be asked
 * - `policy_revision`: the sidecar serves another revision than the one pinned
 * - `policy_answer`: the rule is undefined for this question, or answered something that is no decision
 * - `policy_log`: the decision could not be logged
 */
export type FailureReason =
  | 'policy_input'
  | 'policy_error'
  | 'policy_timeout'
  | 'policy_unavailable'
  | 'policy_revision'
  | 'policy_answer'
  | 'policy_log'

export class PolicyFailure extends Error {
  override readonly name = 'PolicyFailure'
  readonly reason: FailureReason

  constructor(reason: FailureReason, detail: string) {
    super(detail)
    this.reason = reason
  }
}
