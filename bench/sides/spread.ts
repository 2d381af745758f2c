/** The middle of some measurements, and how far they lay apart. */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function spread(measured: readonly number[]): Spread {
  const sorted = measured.toSorted((a, b) => a - b)
  const [lowest = Number.NaN] = sorted
  return { median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, lowest, highest: sorted.at(-1) ?? Number.NaN }
}
