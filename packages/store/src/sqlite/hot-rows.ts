import type { Row } from './reader.ts'

/** How many names, and how long they and their values may be, in characters. */
const NAMES_MAX = 256
const NAME_MAX = 256
const VALUE_MAX = 1024

/** Remembered of a name that no row has. */
export const NO_ROW = Symbol('no row')

/**
 * The few rows that are asked for again and again: a token that every request shows, and that nothing has ended it. A name is
 * remembered when it is asked for a second time soon after the first, so where each request is about other rows nothing is
 * kept, and nothing has to be collected. Whoever holds it forgets all of it when the file has changed.
 */
export class HotRows {
  #askedOnce = new Set<string>()
  #rows = new Map<string, Row | typeof NO_ROW>()

  /** `undefined`: it is not remembered. */
  find(name: string): Row | typeof NO_ROW | undefined {
    return this.#rows.get(name)
  }

  /** What was just read from the file; `undefined`: no row has this name. */
  read(name: string, row: Row | undefined): void {
    if (name.length > NAME_MAX || (row?.value.length ?? 0) > VALUE_MAX) return
    // A copy: a name that is a part of a request's body would keep all of the body.
    const own = Buffer.from(name).toString()
    if (this.#askedOnce.has(own)) {
      if (this.#rows.size >= NAMES_MAX) this.#rows = new Map()
      this.#rows.set(own, row ?? NO_ROW)
      return
    }
    if (this.#askedOnce.size >= NAMES_MAX) this.#askedOnce = new Set()
    this.#askedOnce.add(own)
  }

  /** Fresh ones, not these emptied: a Set that has become one of V8's old objects keeps its members there too. */
  forget(): void {
    this.#askedOnce = new Set()
    this.#rows = new Map()
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#rows.size
  }
}
