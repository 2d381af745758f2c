import type {
  Committed,
  Effects,
  Listed,
  MaybePromise,
  Page,
  PeekedWith,
  References,
  Store,
  Stored,
  StreamPage,
  Taken,
  TenantStore,
  Vouched,
  Write,
} from './contract.ts'
import type { ShortLived } from './redis/short-lived.ts'

/**
 * A durable store with Redis beside it: claims of the kinds that Redis was opened with go there, all else stays. Redis
 * also wakes who watches a stream; the durable store does so too, so no entry waits for Redis. Closing closes both.
 */
export function composeStore<S extends Store>(durable: S, shortLived: ShortLived): Store {
  return {
    audit: durable.audit,
    of: tenant => new ComposedView(tenant, durable.of(tenant), shortLived),
    async close() {
      await Promise.all([durable.close(), shortLived.close()])
    },
  }
}

class ComposedView implements TenantStore {
  readonly #tenant: string
  readonly #durable: TenantStore
  readonly #shortLived: ShortLived

  constructor(tenant: string, durable: TenantStore, shortLived: ShortLived) {
    this.#tenant = tenant
    this.#durable = durable
    this.#shortLived = shortLived
  }

  peek<V>(kind: string, key: string): MaybePromise<Stored<V> | undefined> {
    return this.#durable.peek<V>(kind, key)
  }

  peekWith<P extends PeekedWith>(kind: string, key: string, references: References): MaybePromise<P | undefined> {
    return this.#durable.peekWith<P>(kind, key, references)
  }

  list<V>(kind: string, page: Page): MaybePromise<Listed<V>> {
    return this.#durable.list<V>(kind, page)
  }

  read<V>(stream: string, after: number, limit: number): MaybePromise<StreamPage<V>> {
    return this.#durable.read<V>(stream, after, limit)
  }

  async claim(kind: string, hash: string, expiresAt: number): Promise<'won' | 'lost'> {
    const { claims, claimKinds } = this.#shortLived
    if (!claimKinds.includes(kind)) return this.#durable.claim(kind, hash, expiresAt)
    return claims.claim(this.#tenant, kind, hash, expiresAt)
  }

  async take<V>(kind: string, key: string, effects: Effects): Promise<Taken<V>> {
    const taken = await this.#durable.take<V>(kind, key, effects)
    if ('won' in taken) this.#wake(effects.put)
    return taken
  }

  async commit(writes: readonly Write[], vouched?: Vouched): Promise<Committed> {
    const committed = await this.#durable.commit(writes, vouched)
    if ('committed' in committed) this.#wake(writes)
    return committed
  }

  watch(stream: string, onAppend: () => void): () => void {
    let [last, stopped] = [0, false]
    // Two tell of one entry; the stream's number says which is news.
    const look = async () => {
      const page = await this.#durable.read(stream, last, 1)
      if (stopped || page.last <= last) return
      last = page.last
      onAppend()
    }
    const wake = () => {
      look().catch(() => {
        // Who watches reads next, and meets the error where it can be answered.
        if (!stopped) onAppend()
      })
    }
    const stops = [this.#durable.watch(stream, wake), this.#shortLived.wakeUps.watch(this.#tenant, stream, wake)]
    return () => {
      stopped = true
      for (const stop of stops) stop()
    }
  }

  #wake(writes: readonly Write[]): void {
    const streams = new Set(writes.flatMap(write => ('append' in write ? [write.append.stream] : [])))
    for (const stream of streams) this.#shortLived.wakeUps.wake(this.#tenant, stream)
  }
}
