import type { TenantStore } from '@sallyport/store'
import { authorityStore } from '../../packages/authority/src/authority-store.ts'
import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import { Registrations } from '../../packages/authority/src/registrations.ts'
import { StoreError } from '../../packages/store/src/store-error.ts'
import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedDatabase } from './simulated-database.ts'
import { type Carry, simulatedStore } from './simulated-store.ts'
import type { Task, Tasks } from './tasks.ts'

/** What a request came to: an answer, an error thrown by the handler, or silence because the process died. */
export type Outcome<T> = { readonly answer: T } | { readonly failed: unknown } | { readonly died: true }

/** How badly the way between a process and its database behaves. */
export interface StoreHazards {
  readonly latencyMs: number
  readonly slowChance: number
  /** The database cannot be reached: nothing was done. */
  readonly unreachableChance: number
  /** The answer is lost after the database did it (`outcome_unknown`). */
  readonly unknownChance: number
}

export interface ProcessParts {
  readonly name: string
  readonly schedule: Schedule
  readonly random: SeededRandom
  readonly tasks: Tasks
  readonly database: SimulatedDatabase
  readonly hazards: StoreHazards
  /** How far its clock is off. */
  readonly skewMs: number
  readonly reads: 'carried' | 'at once'
  /** All of the context but what this process adds. */
  readonly world: Omit<AuthorityContext, 'store' | 'now' | 'nowMs' | 'audit'>
  /** Puts a broken store in place of the right one, to show that the run finds it. */
  readonly alterStore?: (store: TenantStore, carry: Carry) => TenantStore
}

/** One process of the authority: it handles requests with a context of its own each, crashes and comes back. */
export class AuthorityProcess {
  readonly name: string
  readonly #parts: ProcessParts
  readonly #tasks = new Map<Task, () => void>()
  #isUp = true
  #registrations: Registrations

  constructor(parts: ProcessParts) {
    this.name = parts.name
    this.#parts = parts
    this.#registrations = new Registrations(this.#nowMs)
  }

  /** Handles a request; `done` hears what came of it, once. */
  handle<T>(label: string, work: (context: AuthorityContext) => Promise<T>, done: (outcome: Outcome<T>) => void): void {
    if (this.#isUp) this.#begin(label, work, done)
    else done({ died: true })
  }

  #begin<T>(label: string, work: (context: AuthorityContext) => Promise<T>, done: (outcome: Outcome<T>) => void): void {
    const task = this.#parts.tasks.begin(`${this.name} ${label}`)
    this.#tasks.set(task, () => done({ died: true }))
    const finish = (outcome: Outcome<T>): void => {
      if (task.dead) return
      this.#parts.tasks.settle(task)
      this.#tasks.delete(task)
      done(outcome)
    }
    work(this.#contextFor(task))
      .then(
        answer => finish({ answer }),
        failed => finish({ failed }),
      )
      .catch((error: unknown) => this.#parts.tasks.fail(error))
  }

  /** Ends the process with everything it was doing; what had left for the database may still arrive there. */
  crash(downMs: number): void {
    if (!this.#isUp) return
    const { schedule, tasks } = this.#parts
    schedule.note(`${this.name} crashes`)
    this.#isUp = false
    for (const [task, tell] of this.#tasks) {
      tasks.kill(task)
      tell()
    }
    this.#tasks.clear()
    schedule.after(downMs, `${this.name} is back`, () => {
      this.#registrations = new Registrations(this.#nowMs)
      this.#isUp = true
    })
  }

  #contextFor(task: Task): AuthorityContext {
    const { database, reads, world, alterStore } = this.#parts
    const carry = this.#carry(task)
    const store = simulatedStore(database, carry, reads)
    return {
      ...world,
      store: authorityStore(alterStore?.(store, carry) ?? store, this.#registrations),
      now: () => Math.floor(this.#nowMs() / 1000),
      nowMs: this.#nowMs,
      audit: record => carry(`audit ${record.action}`, () => void database.commit([], record)),
    }
  }

  readonly #nowMs = (): number => this.#parts.schedule.nowMs + this.#parts.skewMs

  #carry(task: Task): Carry {
    const { schedule, random, tasks, hazards } = this.#parts
    return <T>(label: string, verb: () => T) =>
      new Promise<T>((resolve, reject) => {
        tasks.waits(task, 1)
        const answer = (settle: () => void): void => {
          if (task.dead) return
          tasks.waits(task, -1)
          settle()
        }
        schedule.after(this.#latency(), `${task.label}: ${label}`, () => {
          if (task.dead && random.chance(0.5)) return
          if (random.chance(hazards.unreachableChance)) return answer(() => reject(troubles.unreachable()))
          const said = attempt(verb)
          const isUnknown = random.chance(hazards.unknownChance)
          schedule.after(this.#latency(), `${task.label}: ${label} answered`, () =>
            answer(() => {
              if (isUnknown) reject(troubles.unknown())
              else if ('value' in said) resolve(said.value)
              else reject(said.error)
            }),
          )
        })
      })
  }

  #latency(): number {
    const { random, hazards } = this.#parts
    return random.below(random.chance(hazards.slowChance) ? hazards.latencyMs * 40 : hazards.latencyMs)
  }
}

const troubles = {
  unreachable: () => new StoreError('unreachable', 'The simulated database does not answer.', 'Try again.'),
  unknown: () => new StoreError('outcome_unknown', 'The simulated connection was lost.', 'Peek again.'),
}

function attempt<T>(verb: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: verb() }
  } catch (error) {
    return { error }
  }
}
