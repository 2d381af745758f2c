import type { Store } from '../contract.ts'
import type { CheckpointSigner } from './checkpoint.ts'
import { CheckpointLog } from './checkpoint-log.ts'

const EVERY_MS = 60_000
/** Longer than two turns, so that a holder that is late keeps it. */
const LEASE_SECONDS = 150

const KEEP_LEAST_SECONDS = 86_400

const TENANT = '\u0001audit'
export const LEASE_KIND = 'audit-lease'
const LEASE = { kind: LEASE_KIND, key: 'checkpoints' } as const

export interface CheckpointOptions {
  readonly store: Store
  readonly signer: CheckpointSigner
  /** This process's name, unlike any other's that runs. */
  readonly holder: string
  /** Unix seconds. */
  readonly nowSeconds: () => number
  /** Records older than this are dropped, at least a day; absent: kept for ever. */
  readonly keepSeconds?: number
  /** A turn that failed; the next one tries again. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * Writes a checkpoint of all chains every minute in which something was recorded, in one process at a time: whoever holds
 * a lease in the store. It begins with the first turn, at once.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions
  readonly #log: CheckpointLog
  readonly #timer: NodeJS.Timeout
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: CheckpointOptions) {
    this.#options = options
    this.#log = new CheckpointLog(options.store)
    this.#timer = setInterval(() => this.turn(), EVERY_MS)
    this.#timer.unref()
    this.turn()
  }

  /** A turn now. Resolves when it is over, whatever came of it. */
  turn(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#once()).catch(this.#options.onTrouble)
    return this.#turn
  }

  /** The last turn, so that an orderly end leaves nothing uncovered; to be called before the store is closed. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    clearInterval(this.#timer)
    await this.turn()
    this.#stopped = true
    await this.#release().catch(this.#options.onTrouble)
  }

  async #once(): Promise<void> {
    if (this.#stopped || !(await this.#holds())) return
    const { store, signer, keepSeconds, nowSeconds } = this.#options
    const now = nowSeconds()
    await this.#log.write(signer, now)
    if (keepSeconds === undefined) return
    // The statement comes first: what it allows is then missing, and nothing else may be.
    const beginnings = await store.audit.droppable(now - Math.max(KEEP_LEAST_SECONDS, keepSeconds))
    if (Object.keys(beginnings).length === 0) return
    await this.#log.write(signer, now, beginnings)
    // It may have been said before by a turn that then was cut short.
    if (await this.#log.says(beginnings)) await store.audit.drop(beginnings)
  }

  /** Takes or renews the lease. */
  async #holds(): Promise<boolean> {
    const { store, holder, nowSeconds } = this.#options
    const tenant = store.of(TENANT)
    const held = await tenant.peek<{ holder: string }>(LEASE.kind, LEASE.key)
    if (held !== undefined && held.value.holder !== holder) return false
    const record = { ...LEASE, value: { holder }, expiresAt: nowSeconds() + LEASE_SECONDS }
    const write = held === undefined ? { insert: record } : { replace: record, version: held.version }
    return 'committed' in (await tenant.commit([write]))
  }

  async #release(): Promise<void> {
    const { store, holder, nowSeconds } = this.#options
    const tenant = store.of(TENANT)
    const held = await tenant.peek<{ holder: string }>(LEASE.kind, LEASE.key)
    if (held?.value.holder !== holder) return
    const expiresAt = nowSeconds()
    await tenant.commit([{ replace: { ...LEASE, value: { holder }, expiresAt }, version: held.version }])
  }
}
