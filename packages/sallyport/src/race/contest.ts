import type { Answer } from '../client/call.ts'

/** What parallel uses of one credential came to. */
export interface Contest {
  readonly kind: ContestKind
  readonly tried: number
  /** Answers with an access token; for a `request_uri`, openings that the server went on with. */
  readonly won: number
  /** Different refresh tokens among them, when a refresh token was raced for. */
  readonly successors?: number
  /** Whether one use, or one successor, won, and every use was answered: one that was not may have won too. */
  readonly right: boolean
  /** Why the count says nothing of a race; `right` is then of the answers only. */
  readonly undecided?: string
  /** Everything answered, with how often: `200`, `400 invalid_grant`; `no answer` where none came. */
  readonly answers: Readonly<Record<string, number>>
}

/** A kind that this server or client cannot be raced for. */
export interface LeftOut {
  readonly kind: ContestKind
  readonly why: string
}

export type Raced = Contest | LeftOut

export const isLeftOut = (raced: object): raced is LeftOut => 'why' in raced

export const isContest = (raced: Raced): raced is Contest => !isLeftOut(raced)

export type ContestKind =
  | 'code'
  | 'refresh token'
  | 'client assertion jti'
  | 'DPoP proof jti'
  | 'request_uri'
  | 'device code'

/** How often each thing was said. */
export function counted(
  answers: readonly (Answer | undefined)[],
  saidBy: (answer: Answer) => string,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const said = answer === undefined ? 'no answer' : saidBy(answer)
    counts[said] = (counts[said] ?? 0) + 1
  }
  return counts
}

/** What an answer calls itself: its status, and the error or other word that goes with it. */
export const saying = ({ status }: Answer, word: unknown): string =>
  typeof word === 'string' && word !== '' ? `${status} ${word}` : String(status)
