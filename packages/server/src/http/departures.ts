import { AsyncLocalStorage } from 'node:async_hooks'

/** More do not wait for each other: the first of them would be late for the sake of the last. */
const together = 16

/**
 * Lets answers leave together, at the end of a round of the event loop or sixteen at a time. Whoever reads them on this
 * machine (a proxy, a load) is woken once for all; woken for each, it falls asleep between two, and it is the sender who
 * pays for waking it (docs/decisions/0020).
 */
export class Departures {
  readonly #inContext: boolean
  #waiting: (() => void)[] = []

  /** @param inContext  whether each leaves in the asynchronous context it was added in, so that its log line finds its trace */
  constructor(inContext: boolean) {
    this.#inContext = inContext
  }

  /**
   * Has something sent in this round, in the order of the calls.
   *
   * @param send  throws nothing: it would cost the others of its round their answers
   */
  add(send: () => void): void {
    const count = this.#waiting.push(this.#inContext ? AsyncLocalStorage.bind(send) : send)
    if (count === 1) setImmediate(() => this.#leave())
    else if (count === together) this.#leave()
  }

  #leave(): void {
    const leaving = this.#waiting
    this.#waiting = []
    for (const send of leaving) send()
  }
}
