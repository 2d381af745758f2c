import { auditContract, processAuditContract } from './contract/audit.suite.ts'
import { checkpointsContract } from './contract/checkpoints.suite.ts'
import { expiryContract } from './contract/expiry.suite.ts'
import { modelContract } from './contract/model.suite.ts'
import { namesContract } from './contract/names.suite.ts'
import { processRacesContract, racesContract } from './contract/races.suite.ts'
import { processStreamsContract, streamsContract } from './contract/streams.suite.ts'
import { takeContract } from './contract/take.suite.ts'
import { verbsContract } from './contract/verbs.suite.ts'
import type { Store } from './contract.ts'

/** A store with nothing in it, for one test, that this process alone can have. */
export interface LoneStore {
  readonly store: Store
  /** Closes the store and removes its data. */
  dispose(): Promise<void>
}

/** A store with nothing in it, for one test. */
export interface FreshStore extends LoneStore {
  /**
   * How another process opens the same data: a module (file URL) with `openShared(argument): Promise<Store>`, which
   * uses the real clock.
   */
  readonly shared: { readonly module: string; readonly argument: string }
}

/** Opens a fresh store that reads this clock (Unix seconds). */
export type OpenFresh = (nowSeconds: () => number) => Promise<FreshStore>

/** The same for a store that this process alone can have. */
export type OpenLone = (nowSeconds: () => number) => Promise<LoneStore>

/**
 * Registers the tests that any adapter of the storage contract must pass.
 *
 * @param name begins each test's name, such as `sqlite`
 */
export function storeContract(name: string, open: OpenFresh): void {
  inProcessContract(name, open)
  processStreamsContract(name, open)
  processRacesContract(name, open)
  processAuditContract(name, open)
}

/** The part of the contract that needs no other process. */
export function inProcessContract(name: string, open: OpenLone): void {
  verbsContract(name, open)
  takeContract(name, open)
  expiryContract(name, open)
  namesContract(name, open)
  streamsContract(name, open)
  racesContract(name, open)
  modelContract(name, open)
  auditContract(name, open)
  checkpointsContract(name, open)
}
