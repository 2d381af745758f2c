/**
 * Why something was refused. `reason` and `hint` are safe to show to the caller; `expected` and `got` are for the
 * operator's log and never hold a secret or a whole token.
 */
export interface Refusal<Reason extends string = string> {
  readonly refused: Reason
  /** The standard's section that was broken, such as `RFC 9449 §4.3`. */
  readonly rule?: string
  readonly expected?: string
  readonly got?: string
  /** What the caller can do about it. */
  readonly hint?: string
}

export function isRefusal<T extends object>(value: T | Refusal): value is Refusal {
  return 'refused' in value
}
