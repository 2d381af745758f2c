/**
 * Why input was refused before any protocol saw it. `hint` is safe to show to the sender; `expected` and `got` are for
 * the operator's log and hold no value that was sent.
 */
export interface InputRefusal<Reason extends string = string> {
  readonly refused: Reason
  readonly rule: string
  readonly expected: string
  readonly got: string
  readonly hint: string
}
