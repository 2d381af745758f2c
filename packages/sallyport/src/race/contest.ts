import { type Answer, callJson } from '../client/call.ts'
import { CommandFailure } from '../command-line/command.ts'
import type { RaceTarget } from './target.ts'

/** What parallel uses of one credential came to. */
export interface Contest {
  readonly kind: ContestKind
  readonly tried: number
  /** Answers with an access token. */
  readonly won: number
  /** Different refresh tokens among them, when a refresh token was raced for. */
  readonly successors: number | undefined
  /** Whether one use, or one successor, won, and every use was answered: one that was not may have won too. */
  readonly right: boolean
  /** Everything answered, with how often: `200`, `400 invalid_grant`; `no answer` where none came. */
  readonly answers: Readonly<Record<string, number>>
}

export type ContestKind = 'code' | 'refresh token' | 'client assertion jti' | 'DPoP proof jti'

/** A token request that is ready to go. */
export interface ReadyRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: URLSearchParams
}

/**
 * Sends all requests at once, over connections that are open already: what takes long is done before, so that they reach
 * the server together.
 */
export async function race(
  kind: ContestKind,
  target: RaceTarget,
  requests: readonly ReadyRequest[],
  presented?: string,
): Promise<Contest> {
  const all = [target, ...target.replicas]
  const dealt = requests.map((request, nth) => ({ ...request, to: all[nth % all.length] ?? target }))
  await Promise.all(dealt.map(({ to }) => callJson(to.metadata)))
  const answers = await Promise.all(
    dealt.map(({ headers, body, to }) => answerTo(to.tokenEndpoint, { method: 'POST', headers, body })),
  )
  const winners = answers.filter(isWon)
  const successors = kind === 'refresh token' ? successorsOf(winners, presented) : undefined
  return {
    kind,
    tried: requests.length,
    won: winners.length,
    successors,
    right:
      !answers.includes(undefined) &&
      (successors === undefined ? winners.length === 1 : successors <= 1 && winners.length > 0),
    answers: counted(answers),
  }
}

/** A server that does not bear the race lets go of connections, or takes too long: that is counted too. */
async function answerTo(url: string, request: RequestInit): Promise<Answer | undefined> {
  try {
    return await callJson(url, request)
  } catch (error) {
    if (error instanceof CommandFailure && error.failure.failed === 'unreachable') return undefined
    throw error
  }
}

const isWon = (answer: Answer | undefined): answer is Answer =>
  answer?.status === 200 && typeof answer.body.access_token === 'string'

/** A refresh token that stays as it is has no successor; nothing is used up then. */
function successorsOf(winners: readonly Answer[], presented: string | undefined): number {
  const tokens = winners
    .map(({ body }) => body.refresh_token)
    .filter(token => token !== undefined && token !== presented)
  return new Set(tokens).size
}

function counted(answers: readonly (Answer | undefined)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const said = saidBy(answer)
    counts[said] = (counts[said] ?? 0) + 1
  }
  return counts
}

function saidBy(answer: Answer | undefined): string {
  if (answer === undefined) return 'no answer'
  const { status, body } = answer
  return status === 200 ? '200' : `${status} ${typeof body.error === 'string' ? body.error : ''}`.trim()
}
