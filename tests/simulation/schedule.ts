import type { SeededRandom } from './seeded-random.ts'

interface Event {
  readonly atMs: number
  /** Orders what is due in the same millisecond; drawn, so that the seed chooses. */
  readonly tie: number
  readonly label: string
  readonly run: () => void
}

/** Where simulated time begins: Unix milliseconds. */
const beginningMs = 1_800_000_000_000
const traceLength = 160

/**
 * Simulated time and all that will happen in it. Everything that can wait waits here: one step takes the earliest event,
 * sets the clock to it and runs it. Nothing else moves the clock.
 */
export class Schedule {
  nowMs = beginningMs
  steps = 0
  readonly #random: SeededRandom
  readonly #heap: Event[] = []
  readonly #trace: string[] = []
  #noted = 0

  constructor(random: SeededRandom) {
    this.#random = random
  }

  get nowSeconds(): number {
    return Math.floor(this.nowMs / 1000)
  }

  get elapsedMs(): number {
    return this.nowMs - beginningMs
  }

  after(delayMs: number, label: string, run: () => void): void {
    push(this.#heap, { atMs: this.nowMs + Math.max(0, delayMs), tie: this.#random.below(2 ** 32), label, run })
  }

  /** @returns whether there was something left to do */
  step(): boolean {
    const event = pop(this.#heap)
    if (event === undefined) return false
    this.steps += 1
    this.nowMs = event.atMs
    this.note(event.label)
    event.run()
    return true
  }

  /** Adds a line to the trace. */
  note(line: string): void {
    this.#trace[this.#noted % traceLength] = `${String(this.elapsedMs).padStart(9)} ms  ${line}`
    this.#noted += 1
  }

  /** The last lines, oldest first. */
  trace(): readonly string[] {
    const from = Math.max(0, this.#noted - traceLength)
    return Array.from({ length: this.#noted - from }, (_, n) => this.#trace[(from + n) % traceLength] ?? '')
  }
}

const isSooner = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie)

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isSooner(event, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = event
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
    if (left === undefined) break
    const isRight = right !== undefined && isSooner(right, left)
    const child = isRight ? right : left
    if (!isSooner(child, last)) break
    heap[at] = child
    at = 2 * at + (isRight ? 2 : 1)
  }
  heap[at] = last
  return first
}
