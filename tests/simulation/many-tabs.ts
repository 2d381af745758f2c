import { resourceOf } from './application.ts'
import type { ClientKind } from './client-kinds.ts'
import { Simulation } from './simulation.ts'

export const dayMs = 86_400_000

/**
 * Fifty tabs of one application that share one token storage and know nothing of each other, a network that loses every
 * fifth response, processes that crash: nobody attacks and nobody signs out, so nobody may be logged out.
 */
export function manyTabs(seed: number, kind: ClientKind): Simulation {
  const simulation = new Simulation({
    seed,
    processes: 2,
    network: {
      lostRequestChance: 0.02,
      lostResponseChance: 0.2,
      duplicateChance: 0.05,
      latencyMs: 80,
      slowChance: 0.05,
      slowestMs: 1500,
    },
    store: { latencyMs: 10, slowChance: 0.02, unreachableChance: 0.002, unknownChance: 0.002 },
  })
  const { random, schedule, processes } = simulation
  const habits = { tabs: 50, everyMs: 120_000, timeoutMs: 2000, retryMs: 200, eagerChance: 0 }
  simulation.addApplication(kind, { ...habits, resource: resourceOf(seed) }).open()
  const crash = (): void =>
    schedule.after(random.below(600_000), 'a crash', () => {
      random.pick(processes).crash(random.between(10, 3000))
      crash()
    })
  crash()
  return simulation
}
