import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../store-error.ts'
import type { Link, Row } from './link.ts'
import { isConnectionLoss, sqlState, storeErrorOfPostgres } from './postgres-errors.ts'
import type { Statement } from './statements.ts'

/** Characters of an operation at most; characters and operations of a group, unless one operation has more. */
const OPERATION_SIZE_MAX = 64 * 1024 * 1024
const GROUP_SIZE_MAX = 8 * 1024 * 1024
const GROUP_OPERATIONS_MAX = 256

/** How often a group that Postgres undid for others' sake (deadlock, serialization) is sent again. */
const TRIES = 8
/** At most so much longer is waited before each further try. */
const TRY_AGAIN_MS = 20

/** An operation as the function `apply` reads it, and what its group must lock for it. */
export interface Operation {
  /** JSON. */
  readonly text: string
  readonly records: readonly (readonly [shelf: string, key: string])[]
  readonly streams: readonly (readonly [shelf: string, tenant: string, name: string])[]
  /**
   * Asks on the connection of the group, which answers one statement after the other: behind its commit and in the same round
   * trip. Once for each try; throws nothing.
   */
  readonly behind?: ((link: Link) => void) | undefined
}

/** A connection that writes, and the audit chain that it alone writes. */
export interface Lane {
  readonly link: Link
  readonly chain: string | undefined
}

interface Pending {
  readonly operation: Operation
  readonly settle: (verdict: Row) => void
  readonly reject: (error: StoreError) => void
}

/**
 * Group commit: what is asked in one turn shares one transaction and one round trip. Each lane is a connection with one
 * group in flight; while all are under way the next group collects. There is no timer, so one caller waits for one
 * commit and many share it.
 */
export class GroupWriter {
  readonly #idle: Lane[]
  readonly #lanes: readonly Lane[]
  readonly #apply: Statement
  readonly #nowSeconds: () => number
  readonly #onStreams: (told: string) => void
  #waiting: Pending[] = []
  #scheduled = false
  #closed = false
  #whenIdle: (() => void) | undefined

  /** @param onStreams is told the numbers of the streams that a group appended to, after its commit */
  constructor(lanes: readonly Lane[], apply: Statement, nowSeconds: () => number, onStreams: (told: string) => void) {
    this.#lanes = lanes
    this.#idle = [...lanes]
    this.#apply = apply
    this.#nowSeconds = nowSeconds
    this.#onStreams = onStreams
  }

  /** Adds an operation to the next group. @param decode reads its verdict after the commit */
  submit<T>(operation: Operation, decode: (verdict: Row) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new StoreError('closed', 'The store is closed.', 'Open it again.'))
        return
      }
      if (operation.text.length > OPERATION_SIZE_MAX) {
        reject(new StoreError('invalid_write', 'An operation is too large.', 'Split its writes.'))
        return
      }
      const settle = (verdict: Row) => {
        try {
          resolve(decode(verdict))
        } catch (error) {
          reject(error)
        }
      }
      this.#waiting.push({ operation, settle, reject })
      if (this.#scheduled || this.#idle.length === 0) return
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.#send()
      })
    })
  }

  /** Refuses what comes from now on, writes what came before, and closes the lanes. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#waiting.length > 0 || this.#idle.length < this.#lanes.length) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    await Promise.all(this.#lanes.map(({ link }) => link.close()))
  }

  #send(): void {
    while (this.#waiting.length > 0) {
      const lane = this.#idle.pop()
      if (lane === undefined) return
      const group = this.#nextGroup()
      this.#write(lane, group).then(() => {
        this.#idle.push(lane)
        this.#send()
        if (this.#idle.length === this.#lanes.length) this.#whenIdle?.()
      })
    }
  }

  #nextGroup(): readonly Pending[] {
    let size = 0
    const end = this.#waiting.findIndex(({ operation }, at) => {
      size += operation.text.length
      return at === GROUP_OPERATIONS_MAX || (at > 0 && size > GROUP_SIZE_MAX)
    })
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
  }

  /** Settles every operation of the group; never rejects. */
  async #write(lane: Lane, group: readonly Pending[]): Promise<void> {
    try {
      const verdicts = [...(await this.#applied(lane, group))]
      const told = verdicts.at(-1)
      if (verdicts.length > group.length && told !== undefined) this.#onStreams(told.value ?? '')
      for (const [at, { settle }] of group.entries()) settle(verdicts[at] ?? {})
    } catch (error) {
      // Nothing of the group was written. When one operation may be the reason, the others must not suffer from it.
      if (group.length > 1 && isOfAnOperation(error)) for (const one of group) await this.#write(lane, [one])
      else for (const { reject } of group) reject(storeErrorOfPostgres(error, lane.link.where))
    }
  }

  async #applied({ link, chain }: Lane, group: readonly Pending[]): Promise<readonly Row[]> {
    const values = [...valuesOf(group, this.#nowSeconds()), chain]
    for (let tried = 1; ; tried += 1) {
      try {
        const written = link.write(this.#apply, values)
        for (const { operation } of group) operation.behind?.(link)
        return await written
      } catch (error) {
        if (error instanceof StoreError) throw error
        if (isConnectionLoss(error)) throw unknownOutcome(link.where, error)
        if (tried === TRIES || !sqlState(error)?.startsWith('40')) throw error
        // Two that undid each other and try again at once would do it again.
        await wait(Math.random() * tried * TRY_AGAIN_MS)
      }
    }
  }
}

function valuesOf(group: readonly Pending[], now: number): readonly unknown[] {
  const operations = group.map(({ operation }) => operation)
  const records = new Map(operations.flatMap(({ records }) => records).map(record => [record.join(' '), record]))
  const streams = new Map(operations.flatMap(({ streams }) => streams).map(stream => [stream[0], stream]))
  return [
    now,
    `[${operations.map(({ text }) => text).join(',')}]`,
    [...records.values()].map(([shelf]) => shelf),
    [...records.values()].map(([, key]) => key),
    streams.size === 0 ? null : JSON.stringify([...streams.values()]),
  ]
}

/** Data that Postgres refuses (class 22), a broken constraint (23), a limit (54): the statement's own fault. */
function isOfAnOperation(error: unknown): boolean {
  return ['22', '23', '54'].includes(sqlState(error)?.slice(0, 2) ?? '')
}

/**
 * The server commits a group as a whole or not at all, but a connection that is lost before the answer does not say
 * which. So the promise rejects, and whoever asked peeks before trying again; a `claim` that is tried again is lost at
 * worst.
 */
function unknownOutcome(where: string, cause: unknown): StoreError {
  const problem = `The connection to ${where} was lost while a write was under way; it is written as a whole or not at all.`
  return new StoreError('outcome_unknown', problem, 'Peek before trying again.', { cause })
}
