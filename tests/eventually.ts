import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'

/** No promise of the product: only the end of waiting for what never comes, on a machine that does other things too. */
const usualPatienceMs = 30_000

/**
 * Asks until it is so. What is asked is right from some moment on, and nobody is told when.
 *
 * @param what  is waited for, or says it when it did not come
 * @throws when it never is
 */
export async function eventually(
  isSo: () => Promise<boolean> | boolean,
  what: string | (() => string),
  patienceMs = usualPatienceMs,
): Promise<void> {
  for (const end = Date.now() + patienceMs; !(await isSo()); await wait(10))
    assert.ok(Date.now() < end, `after ${patienceMs} ms still not: ${typeof what === 'string' ? what : what()}`)
}

/** The middle one of several durations, which one of them that a busy machine drew out does not move. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
