import { type Answer, callJson } from '../client/call.ts'
import { CommandFailure } from '../command-line/command.ts'
import type { RaceTarget, ServerProcess } from './target.ts'

/** One use of a credential, ready to go: where to, of the endpoints of one process, and with what. */
export type Use = (to: ServerProcess) => readonly [url: string, request: RequestInit]

/**
 * Sends all uses at once, dealt out to the processes of the server, over connections that are open already: what takes long
 * is done before, so that they reach the server together.
 *
 * @returns the answers in the order of the uses; `undefined` where none came, or none that was whole
 */
export async function atOnce(target: RaceTarget, uses: readonly Use[]): Promise<readonly (Answer | undefined)[]> {
  const all = [target, ...target.replicas]
  const dealt = uses.map((use, nth) => ({ use, to: all[nth % all.length] ?? target }))
  await Promise.all(dealt.map(({ to }) => callJson(to.metadata)))
  return Promise.all(dealt.map(({ use, to }) => answerTo(...use(to))))
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
