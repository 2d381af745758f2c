import type { Sealer } from '../sealing/sealer.ts'
import { KEY_CHECK } from './key-check.ts'
import { Link } from './link.ts'
import { sqlState } from './postgres-errors.ts'
import { Reader } from './reader.ts'
import { judgeStanding, type ReplicaAlarm } from './standing.ts'
import type { Statements } from './statements.ts'
import type { PageReader } from './tenant-view.ts'

/** How often the replica is asked how it is, and how long each try at an answer may take; a page is tried twice. */
const LOOK_MS = 2_000
const ANSWER_MS = 2_000

/** SQLSTATE of a schema or table that is not there. */
const NOT_THERE = ['3F000', '42P01']

/**
 * Reads pages from a standby while it is fit to answer, and from the primary whenever it is not: before the first look at
 * it, while it is away or too far behind, and when it fails a page. Nobody waits for one that is known to be away.
 */
export class Replica implements PageReader {
  readonly #where: string
  readonly #standby: Reader
  readonly #primary: PageReader
  readonly #sealer: Sealer
  readonly #onAlarm: (alarm: ReplicaAlarm) => void
  #state: ReplicaAlarm['what'] | undefined
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #isClosed = false

  constructor(
    url: string,
    statements: Statements,
    primary: PageReader,
    sealer: Sealer,
    onAlarm: (alarm: ReplicaAlarm) => void,
  ) {
    const link = new Link(url, { mayLag: true, answerMs: ANSWER_MS })
    this.#where = link.where
    this.#standby = new Reader([link], statements)
    this.#primary = primary
    this.#sealer = sealer
    this.#onAlarm = onAlarm
  }

  list(...asked: Parameters<PageReader['list']>): ReturnType<PageReader['list']> {
    return this.#ask(reader => reader.list(...asked))
  }

  listByIndex(...asked: Parameters<PageReader['listByIndex']>): ReturnType<PageReader['listByIndex']> {
    return this.#ask(reader => reader.listByIndex(...asked))
  }

  /** Looks at it again and again until `close`; it answers from the first good look on. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#standby.close()
  }

  async #ask<T>(ask: (reader: PageReader) => Promise<T>): Promise<T> {
    if (this.#state === 'ready') {
      try {
        return await ask(this.#standby)
      } catch (error) {
        this.#tell(failure(error, this.#where))
      }
    }
    return ask(this.#primary)
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const { tenant, kind, key } = KEY_CHECK
      this.#tell(judgeStanding(await this.#standby.standing(tenant, kind, key), this.#sealer, this.#where))
    } catch (error) {
      this.#tell(failure(error, this.#where))
    } finally {
      this.#isLooking = false
    }
  }

  #tell(alarm: ReplicaAlarm): void {
    if (this.#isClosed || this.#state === alarm.what) return
    this.#state = alarm.what
    this.#onAlarm(alarm)
  }
}

function failure(error: unknown, where: string): ReplicaAlarm {
  const state = error instanceof Error ? sqlState(error.cause) : undefined
  if (state !== undefined && NOT_THERE.includes(state))
    return {
      what: 'no_copy',
      message: `${where} has no such schema (SQLSTATE ${state}). Name a standby of the primary.`,
    }
  return { what: 'lost', message: error instanceof Error ? error.message : String(error) }
}
