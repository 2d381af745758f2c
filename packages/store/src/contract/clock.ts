import type { TestContext } from 'node:test'
import type { FreshStore, LoneStore, OpenFresh, OpenLone } from '../contract.suite.ts'
import { type Contender, startContender } from './contender.ts'

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

/** Opens a store with the real clock, as the other processes of the test have; those are gone before its folder is. */
export async function sharedStore(
  test: TestContext,
  open: OpenFresh,
): Promise<FreshStore & { contend(): Promise<Contender> }> {
  const fresh = await open(() => Math.floor(Date.now() / 1000))
  const contenders: Promise<Contender>[] = []
  test.after(async () => {
    for (const started of await Promise.allSettled(contenders))
      if (started.status === 'fulfilled') await started.value.end()
    await fresh.dispose()
  })
  const contend = () => {
    const started = startContender(fresh.shared)
    contenders.push(started)
    return started
  }
  return { ...fresh, contend }
}
