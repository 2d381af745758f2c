import { hostileWorld } from './hostile-world.ts'
import type { Breakage } from './simulation.ts'

/** Long enough for a token to be rotated, stolen and shown late, and short enough that a trace can be read. */
export const stepsPerWorld = 10_000

export interface SimulatedRun {
  readonly worlds: number
  readonly steps: number
  readonly simulatedHours: number
  /** How often what was tested did happen. */
  readonly counts: Readonly<Record<string, number>>
  readonly failure: SimulatedFailure | undefined
}

export interface SimulatedFailure {
  /** Of the world that failed: it alone shows the failure again. */
  readonly seed: number
  readonly error: unknown
  readonly trace: readonly string[]
}

/** Runs worlds with the seeds from `seed` on until so many steps are done, or one of them fails. */
export async function simulate(seed: number, steps: number, breakage: Breakage = {}): Promise<SimulatedRun> {
  const counts: Record<string, number> = {}
  let [done, simulatedMs, worlds] = [0, 0, 0]
  let failure: SimulatedFailure | undefined
  while (done < steps && failure === undefined) {
    const world = hostileWorld(seed + worlds, breakage)
    try {
      await world.run({ steps: Math.min(stepsPerWorld, steps - done) })
    } catch (error) {
      failure = { seed: seed + worlds, error, trace: world.schedule.trace() }
    }
    for (const [what, count] of Object.entries(world.ledger.counts)) counts[what] = (counts[what] ?? 0) + count
    done += world.schedule.steps
    simulatedMs += world.schedule.elapsedMs
    worlds += 1
    // Between worlds Node may do what it has to; inside of one it may not.
    await new Promise(resolve => setImmediate(resolve))
  }
  return { worlds, steps: done, simulatedHours: simulatedMs / 3_600_000, counts, failure }
}
