/** What must hold at every step. */
export type Invariant =
  | 'one winner per one-time credential'
  | 'a family has at most one live refresh token'
  | 'nothing acknowledged is lost'
  | 'no record of what was not granted'
  | 'nothing revoked is accepted after its bound'
  | 'a retry inside the rules never logs anyone out'
  | 'a replay outside the rules kills the family'
  | 'nothing is awaited outside the schedule'

/** An invariant that did not hold, with the step that showed it. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: Invariant

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`)
    this.invariant = invariant
  }
}
