import type { TenantStore } from '@sallyport/store'

/** Counts how often a request waits for the store. */
export interface RoundTrips {
  readonly store: TenantStore
  /** What `work` waits for: calls that are made together are one round trip, as a pipelined connection sends them. */
  of(work: () => Promise<unknown>): Promise<number>
}

/** A store whose every answer takes a round trip, as over a network: reads as well, which SQLite answers at once. */
export function countRoundTrips(store: TenantStore): RoundTrips {
  let trips = 0
  let waiting: (() => void)[] = []
  const arrive = () => {
    const arrived = waiting
    waiting = []
    trips += 1
    for (const go of arrived) go()
  }
  const trip = async <T>(ask: () => T | Promise<T>): Promise<T> => {
    await new Promise<void>(resolve => {
      waiting.push(resolve)
      if (waiting.length === 1) setTimeout(arrive, 5)
    })
    return ask()
  }
  return {
    store: {
      peek: (kind, key) => trip(() => store.peek(kind, key)),
      peekWith: (kind, key, references) => trip(() => store.peekWith(kind, key, references)),
      take: (kind, key, effects) => trip(() => store.take(kind, key, effects)),
      claim: (kind, hash, expiresAt) => trip(() => store.claim(kind, hash, expiresAt)),
      commit: (writes, vouched) => trip(() => store.commit(writes, vouched)),
      list: (kind, page) => trip(() => store.list(kind, page)),
      read: (stream, after, limit) => trip(() => store.read(stream, after, limit)),
      watch: (stream, onAppend) => store.watch(stream, onAppend),
    },
    async of(work) {
      trips = 0
      await work()
      return trips
    },
  }
}
