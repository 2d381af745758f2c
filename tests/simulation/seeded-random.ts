/** The only source of chance in a run: the same seed draws the same numbers. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    // Neighbouring seeds begin alike; after a few draws they have nothing in common.
    for (let draw = 0; draw < 8; draw += 1) this.#next()
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32
  }

  pick<T>(of: readonly T[]): T {
    const picked = of[this.below(of.length)]
    if (picked === undefined) throw new Error('there is nothing to pick from')
    return picked
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 4) {
      const word = this.#next()
      for (let part = 0; part < 4 && at + part < length; part += 1) bytes[at + part] = word >>> (8 * part)
    }
    return bytes
  }

  text(): string {
    return Buffer.from(this.bytes(24)).toString('base64url')
  }

  /** Mulberry32: 32 bits of state are plenty for a run, and quick. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
