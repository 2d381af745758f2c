import type { TestContext } from 'node:test'
import type { FreshStore, LoneStore, OpenFresh, OpenLone } from '../contract.suite.ts'

/** A clock that a test moves. */
export interface MovingClock {
  seconds: number
}

/** Opens a store with a moving clock for one test, and removes it after. */
export async function freshStore(test: TestContext, open: OpenLone): Promise<LoneStore & { clock: MovingClock }> {
  const clock = { seconds: 1_800_000_000 }
  const fresh = await open(() => clock.seconds)
  test.after(() => fresh.dispose())
  return { ...fresh, clock }
}

/** Opens a store with the real clock, as the other processes of the test have. */
export async function sharedStore(test: TestContext, open: OpenFresh): Promise<FreshStore> {
  const fresh = await open(() => Math.floor(Date.now() / 1000))
  test.after(() => fresh.dispose())
  return fresh
}
