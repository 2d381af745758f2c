import { type TokenAnswer, token } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import type { Application } from './application.ts'
import { requestBy, seededKey } from './client-kinds.ts'
import { beginCode } from './code-judgement.ts'
import { beginRefresh } from './refresh-judgement.ts'
import type { Simulation } from './simulation.ts'

/**
 * Copies what an application holds and shows it later: a refresh token soon, late, or with a key of the thief's own, or a
 * code that was used. Where the application is a confidential client the thief has its credentials too.
 */
export function steal(simulation: Simulation, from: Application): void {
  const { random } = simulation
  const { refresh, usedCode } = from.storage
  if (usedCode !== undefined && random.chance(0.3)) replayCode(simulation, from, usedCode)
  else if (refresh !== undefined) replayRefresh(simulation, from, refresh)
}

function replayRefresh(simulation: Simulation, from: Application, refresh: string): void {
  const { random, schedule, network, ledger } = simulation
  const { registered } = from
  const ownKey = registered.kind === 'dpop' && random.chance(0.7)
  const proofKey = registered.kind === 'dpop' ? { proofKey: ownKey ? seededKey(random) : registered.key } : {}
  const delayMs = random.pick([500, 20_000, 400_000, 900_000])
  schedule.after(random.below(delayMs), `a thief shows a refresh token of ${from.name}`, () => {
    const parameters = { grant_type: 'refresh_token', refresh_token: refresh }
    const request = requestBy(registered, parameters, { random, schedule, ...proofKey })
    ledger.count('refresh tokens shown by thieves')
    network.send<TokenAnswer | TokenError>({
      label: `a thief's refresh of ${from.name}`,
      mayRepeat: true,
      timeoutMs: 5000,
      handle: context => token(request, context),
      judge: () => {
        const judge = beginRefresh({ token: refresh, kind: registered.kind, wrongKey: ownKey }, ledger, schedule)
        return outcome => {
          judge(outcome)
          simulation.gave(outcome, request)
          if (ownKey && 'answer' in outcome)
            ledger.must(
              isTokenError(outcome.answer),
              'a replay outside the rules kills the family',
              'tokens were given for a key that the family is not bound to',
            )
        }
      },
      answered: () => undefined,
    })
  })
}

function replayCode(simulation: Simulation, from: Application, usedCode: Readonly<Record<string, string>>): void {
  const { random, schedule, network, ledger } = simulation
  const proofKey = from.registered.kind === 'dpop' ? { proofKey: from.registered.key } : {}
  const request = requestBy(from.registered, usedCode, { random, schedule, ...proofKey })
  network.send<TokenAnswer | TokenError>({
    label: `a thief's redemption of ${from.name}`,
    mayRepeat: true,
    timeoutMs: 5000,
    handle: context => token(request, context),
    judge: () => {
      const judge = beginCode(usedCode.code ?? '', ledger)
      return outcome => {
        judge(outcome)
        simulation.gave(outcome, request)
      }
    },
    answered: () => undefined,
  })
}
