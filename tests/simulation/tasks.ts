import { Violation } from './violation.ts'

/** One request being handled. */
export interface Task {
  readonly label: string
  /** Verbs under way whose answers have not come back. */
  pending: number
  settled: boolean
  /** Its process crashed: whatever comes back is heard by nobody. */
  dead: boolean
}

const leastTicks = 8
const mostTicks = 5000

/**
 * The requests under way. Between two steps each of them is either done or waits for something on the schedule; a
 * request that does neither waits for a real timer, disk or thread, which never come: the run never lets Node's event
 * loop turn before that is found.
 */
export class Tasks {
  readonly #running = new Set<Task>()
  #failure: unknown

  begin(label: string): Task {
    const task: Task = { label, pending: 0, settled: false, dead: false }
    this.#running.add(task)
    return task
  }

  /** A verb was sent, or its answer came back. */
  waits(task: Task, change: 1 | -1): void {
    task.pending += change
    if (task.pending === 0 && !task.settled && !task.dead) this.#running.add(task)
    else this.#running.delete(task)
  }

  settle(task: Task): void {
    task.settled = true
    this.#running.delete(task)
  }

  kill(task: Task): void {
    task.dead = true
    this.#running.delete(task)
  }

  /** Ends the run with this error as soon as the step is over. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  /** Lets everything run that can, which microtasks alone must do. */
  async quiet(): Promise<void> {
    for (let tick = 0; tick < leastTicks || this.#running.size > 0; tick += 1) {
      if (tick > mostTicks) {
        const [task] = this.#running
        throw new Violation('nothing is awaited outside the schedule', `${task?.label} waits for something real`)
      }
      await undefined
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}
