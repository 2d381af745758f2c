/** All of the world that the guard touches; `http/world.ts` has the real one. */
export interface GuardContext {
  /** Unix seconds, with fractions. */
  nowSeconds(): number
  /** Seconds on a clock that is never set, for measuring silence. */
  elapsedSeconds(): number
  random(bytes: number): Uint8Array
  /** Resolves when this turn of the loop is over, for all who wait together: signatures are verified back to back. */
  endOfTurn(): Promise<void>
  /** Answers or rejects within seconds; follows no redirect. */
  readonly fetch: GuardFetch
  readonly log: GuardLog
}

export type GuardFetch = (url: string, init?: GuardFetchInit) => Promise<Response>

export interface GuardFetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Where refusals and alarms go: an event's name and its fields, none of them a secret or a token. */
export interface GuardLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}
