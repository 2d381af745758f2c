import { expiryContract } from './contract/expiry.suite.ts'
import { modelContract } from './contract/model.suite.ts'
import { namesContract } from './contract/names.suite.ts'
import { racesContract } from './contract/races.suite.ts'
import { streamsContract } from './contract/streams.suite.ts'
import { verbsContract } from './contract/verbs.suite.ts'
import type { Store } from './contract.ts'

/** A store with nothing in it, for one test. */
export interface FreshStore {
  readonly store: Store
  /**
   * How another process opens the same data: a module (file URL) with `openShared(argument): Promise<Store>`, which
   * uses the real clock.
   */
  readonly shared: { readonly module: string; readonly argument: string }
  /** Closes the store and removes its data. */
  dispose(): Promise<void>
}

/** Opens a fresh store that reads this clock (Unix seconds). */
export type OpenFresh = (nowSeconds: () => number) => Promise<FreshStore>

/**
 * Registers the tests that any adapter of the storage contract must pass.
 *
 * @param name begins each test's name, such as `sqlite`
 */
export function storeContract(name: string, open: OpenFresh): void {
  verbsContract(name, open)
  expiryContract(name, open)
  namesContract(name, open)
  streamsContract(name, open)
  racesContract(name, open)
  modelContract(name, open)
}
