import { resourceOf } from './application.ts'
import type { ClientKind, RegisteredClient } from './client-kinds.ts'
import { disconnect, revokeOwn, signOut, switchOff } from './endings.ts'
import { useMachine } from './machine.ts'
import { type Breakage, Simulation } from './simulation.ts'
import { steal } from './thief.ts'

const kinds: readonly ClientKind[] = ['bearer', 'dpop', 'rotating', 'fixed']

/** A world in which everything goes wrong that may: how badly is drawn from the seed. */
export function hostileWorld(seed: number, breakage: Breakage = {}): Simulation {
  const harsh = seed % 3
  const simulation = new Simulation({
    seed,
    breakage,
    processes: 2,
    network: {
      lostRequestChance: [0, 0.05, 0.15][harsh] ?? 0,
      lostResponseChance: [0.02, 0.1, 0.25][harsh] ?? 0,
      duplicateChance: [0.02, 0.1, 0.2][harsh] ?? 0,
      latencyMs: 60,
      slowChance: 0.05,
      slowestMs: 2000,
    },
    store: {
      latencyMs: 12,
      slowChance: 0.03,
      unreachableChance: [0, 0.003, 0.01][harsh] ?? 0,
      unknownChance: [0, 0.003, 0.01][harsh] ?? 0,
    },
  })
  const { random, schedule } = simulation
  for (let nth = 0; nth < 6; nth += 1) {
    const kind = kinds[nth % kinds.length] ?? 'bearer'
    const habits = { tabs: random.between(1, 4), everyMs: 15_000, timeoutMs: 3000, retryMs: 300, eagerChance: 0.1 }
    const application = simulation.addApplication(kind, { ...habits, resource: resourceOf(random.below(2)) })
    application.onRedeem = () => {
      if (!random.chance(0.1)) return
      const ends = [
        () => signOut(simulation, application.account),
        () => disconnect(simulation, application),
        () => switchOff(simulation, application.registered),
      ]
      schedule.after(random.below(200), `${application.account} leaves as soon as they came`, random.pick(ends))
    }
    application.open()
  }
  const machine = simulation.registerClient('machine', 'machine')
  const { ask } = useMachine(simulation, machine)
  beset(simulation, { registered: machine, ask })
  return simulation
}

/** Every few seconds something happens to somebody. */
function beset(simulation: Simulation, machine: { readonly registered: RegisteredClient; ask(): void }): void {
  const { random, schedule, applications, processes } = simulation
  const often = (label: string, everyMs: number, act: () => void): void =>
    schedule.after(random.between(1, 2 * everyMs), label, () => {
      act()
      often(label, everyMs, act)
    })
  const someone = () => random.pick(applications)
  often('a crash', 40_000, () => random.pick(processes).crash(random.between(10, 6000)))
  often('a thief', 45_000, () => steal(simulation, someone()))
  often('a sign-out', 240_000, () => signOut(simulation, someone().account))
  often('a disconnection', 300_000, () => disconnect(simulation, someone()))
  often('a revocation', 200_000, () => revokeOwn(simulation, someone()))
  often('a tunnel', 300_000, () => someone().goOffline(random.pick([20_000, 600_000, 3_600_000])))
  often('a withdrawal', 400_000, () => {
    const isMachine = random.chance(0.7)
    // Some of its requests are under way just then.
    if (isMachine) for (let n = 0; n < 5; n += 1) schedule.after(random.below(200), 'the machine hurries', machine.ask)
    switchOff(simulation, isMachine ? machine.registered : someone().registered)
  })
}
