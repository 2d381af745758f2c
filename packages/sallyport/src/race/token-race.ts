import type { Answer } from '../client/call.ts'
import { atOnce } from './at-once.ts'
import type { ReadyRequest } from './contender.ts'
import { type Contest, type ContestKind, counted, saying } from './contest.ts'
import type { RaceTarget } from './target.ts'

/** What decides that a token request won, beyond an access token. */
interface Judged {
  /** The refresh token that all of them show: its successors count then. */
  readonly presented?: string
  /** Only a token that is bound to the proof's key is won. */
  readonly bound?: true
}

/** Races token requests that all use one credential. */
export async function raceForTokens(
  kind: ContestKind,
  target: RaceTarget,
  requests: readonly ReadyRequest[],
  { presented, bound }: Judged = {},
): Promise<Contest> {
  const answers = await atOnce(
    target,
    requests.map(({ headers, body }) => ({ tokenEndpoint }) => [tokenEndpoint, { method: 'POST', headers, body }]),
  )
  const winners = answers.filter(answer => hasToken(answer)).filter(answer => bound !== true || isBound(answer))
  const successors = presented === undefined ? undefined : successorsOf(winners, presented)
  return {
    kind,
    tried: requests.length,
    won: winners.length,
    ...(successors === undefined ? {} : { successors }),
    right:
      !answers.includes(undefined) &&
      (successors === undefined ? winners.length === 1 : successors <= 1 && winners.length > 0),
    answers: counted(answers, answer =>
      saying(answer, hasToken(answer) && bound === true && !isBound(answer) ? 'unbound' : answer.body.error),
    ),
  }
}

/** Whether an answer of the token endpoint holds an access token. */
export const hasToken = (answer: Answer | undefined): answer is Answer =>
  answer?.status === 200 && typeof answer.body.access_token === 'string'

/** Whether its token is bound to the key of the request's proof: RFC 9449 §5; a token type has no case (RFC 6749 §5.1). */
export const isBound = ({ body }: Answer): boolean => String(body.token_type).toLowerCase() === 'dpop'

/** A refresh token that stays as it is has no successor; nothing is used up then. */
function successorsOf(winners: readonly Answer[], presented: string): number {
  const tokens = winners
    .map(({ body }) => body.refresh_token)
    .filter(token => token !== undefined && token !== presented)
  return new Set(tokens).size
}
