/** The question put to door two: AuthZEN's four words, as plain data (AuthZEN Authorization API 1.0 §5). */
export interface PolicyInput {
  readonly subject: PolicyEntity
  readonly action: { readonly name: string; readonly properties?: Readonly<Record<string, unknown>> }
  readonly resource: PolicyEntity
  /** What else is known: the time (`now`, Unix seconds), the request, the proof. Rego reads no clock. */
  readonly context: Readonly<Record<string, unknown>>
}

export interface PolicyEntity {
  readonly type: string
  readonly id: string
  readonly properties?: Readonly<Record<string, unknown>>
}

/** The answer. Whatever is not an allow is a refusal; an engine that throws, times out or answers oddly is a deny. */
export type Decision =
  | { readonly outcome: 'allow' }
  /**
   * `not_yours` (the caller may not know this object exists: 404), `not_allowed` (this function is not for this
   * caller: 403), or another word of the policy's own (403).
   */
  | { readonly outcome: 'deny'; readonly reason: string }
  /** Allowed after a fresher or stronger sign-in (RFC 9470), or with a sender-constrained token (RFC 9449 §7.1). */
  | {
      readonly outcome: 'step_up'
      readonly reason: string
      readonly acr_values?: string
      /** Seconds. */
      readonly max_age?: number
      readonly require?: 'dpop'
    }

/** An engine that decides: the embedded one or an OPA sidecar; both give the same answer to the same question. */
export interface PolicyEngine {
  /** Digest of the policy text and data in force, written into each decision's log line. */
  readonly revision: string
  decide(input: PolicyInput): Decision | Promise<Decision>
}
