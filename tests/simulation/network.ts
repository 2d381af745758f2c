import type { AuthorityContext } from '../../packages/authority/src/context.ts'
import type { AuthorityProcess, Outcome } from './authority-process.ts'
import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'

/** How badly the way between clients and the authority behaves. */
export interface NetworkHazards {
  readonly lostRequestChance: number
  readonly lostResponseChance: number
  readonly duplicateChance: number
  readonly latencyMs: number
  readonly slowChance: number
  /** No message is under way for longer. */
  readonly slowestMs: number
}

/** One request as it travels: handled once for each copy that arrives. */
export interface Message<T> {
  readonly label: string
  /** Whether the network may deliver it twice. */
  readonly mayRepeat: boolean
  readonly timeoutMs: number
  handle(context: AuthorityContext): Promise<T>
  /** For the ledger, as each copy arrives: returns what judges the handler's answer to that copy. */
  judge?(): (outcome: Outcome<T>) => void
  /** At the client, once: an answer, or none in time. */
  answered(answer: { readonly answer: T } | 'none'): void
}

/** Loses, delays and repeats what is sent to one of the authority's processes. */
export class Network {
  readonly #schedule: Schedule
  readonly #random: SeededRandom
  readonly #processes: readonly AuthorityProcess[]
  readonly #hazards: NetworkHazards

  constructor(
    schedule: Schedule,
    random: SeededRandom,
    processes: readonly AuthorityProcess[],
    hazards: NetworkHazards,
  ) {
    this.#schedule = schedule
    this.#random = random
    this.#processes = processes
    this.#hazards = hazards
  }

  send<T>(message: Message<T>): void {
    let isOver = false
    const answered = (answer: { readonly answer: T } | 'none'): void => {
      if (isOver) return
      isOver = true
      message.answered(answer)
    }
    this.#schedule.after(message.timeoutMs, `${message.label} timed out`, () => answered('none'))
    this.#travel(message, answered)
    if (message.mayRepeat && this.#random.chance(this.#hazards.duplicateChance)) this.#travel(message, answered)
  }

  #travel<T>(message: Message<T>, answered: (answer: { readonly answer: T } | 'none') => void): void {
    const { lostRequestChance, lostResponseChance } = this.#hazards
    if (this.#random.chance(lostRequestChance)) return
    const process = this.#random.pick(this.#processes)
    this.#schedule.after(this.#latency(), `${message.label} arrives at ${process.name}`, () => {
      const judge = message.judge?.()
      process.handle(
        message.label,
        context => message.handle(context),
        outcome => {
          judge?.(outcome)
          if (this.#random.chance(lostResponseChance)) return
          this.#schedule.after(this.#latency(), `${message.label} is answered`, () =>
            answered('answer' in outcome ? outcome : 'none'),
          )
        },
      )
    })
  }

  #latency(): number {
    const { latencyMs, slowChance, slowestMs } = this.#hazards
    return this.#random.below(this.#random.chance(slowChance) ? slowestMs : latencyMs)
  }
}
