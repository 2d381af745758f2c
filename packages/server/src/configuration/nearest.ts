/**
 * The known name a person most probably meant: the same letters in another spelling, or the fewest edits away, up to
 * two fifths of its length; `undefined` when nothing is near.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = distanceOf(fold(name), fold(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.floor(fold(best).length * 0.4)) ? best : undefined
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_.\s]/g, '')
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function distanceOf(left: string, right: string): number {
  let before: readonly number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1
      const edits = [at(current, column - 1) + 1, at(previous, column) + 1, at(previous, column - 1) + cost]
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (row > 1 && column > 1 && swapped) edits.push(at(before, column - 2) + 1)
      current.push(Math.min(...edits))
    }
    before = previous
    previous = current
  }
  return at(previous, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
