import assert from 'node:assert/strict'

/** Asks until the answer is `expected`: what a revocation promises of every door, within a second. */
export async function withinASecond(ask: () => Promise<number>, expected: number): Promise<void> {
  const endsAt = performance.now() + 1000
  let got = await ask()
  while (got !== expected && performance.now() < endsAt) got = await ask()
  assert.equal(got, expected)
}
