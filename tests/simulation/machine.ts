import { type TokenAnswer, token } from '../../packages/authority/src/token.ts'
import { isTokenError, type TokenError } from '../../packages/authority/src/token-error.ts'
import { jwtApi, type RegisteredClient, requestBy } from './client-kinds.ts'
import type { HeldAccess } from './ledger.ts'
import type { Simulation } from './simulation.ts'

/** A program that gets tokens of its own and uses each as long as it may. */
export function useMachine(simulation: Simulation, registered: RegisteredClient): { ask(): void } {
  const { random, schedule, network } = simulation
  let access: HeldAccess | undefined
  const ask = (): void => {
    const request = {
      ...requestBy(registered, { grant_type: 'client_credentials' }, { random, schedule }),
      resources: [jwtApi],
    }
    network.send<TokenAnswer | TokenError>({
      label: 'the machine asks',
      mayRepeat: true,
      timeoutMs: 3000,
      handle: context => token(request, context),
      judge: () => {
        const beganMs = schedule.nowMs
        return outcome => simulation.gave(outcome, request, beganMs)
      },
      answered: answer => {
        if (answer !== 'none' && !isTokenError(answer.answer)) access = simulation.held(answer.answer.body)
      },
    })
  }
  const work = (): void => {
    schedule.after(random.between(1, 8000), 'the machine works', () => {
      if (access === undefined || random.chance(0.1)) ask()
      else simulation.use(access, 'the machine')
      work()
    })
  }
  work()
  return { ask }
}
