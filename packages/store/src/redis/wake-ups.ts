import type { RedisLink } from './redis-link.ts'

/**
 * Tells all processes that a stream has a new entry, faster than a poll finds it. A message says where to look, never
 * what is there; one that is lost costs time and nothing else, since the store that keeps the stream wakes as well.
 */
export class RedisWakeUps {
  readonly #link: RedisLink
  readonly #channel: string
  readonly #watched = new Map<string, Set<() => void>>()
  #subscription: Promise<() => void> | undefined

  constructor(link: RedisLink, prefix: string) {
    this.#link = link
    this.#channel = `${prefix}:appended`
  }

  /** After a commit that appended. Never rejects: the link tells the operator. */
  async wake(tenant: string, stream: string): Promise<void> {
    await this.#link.publish(this.#channel, JSON.stringify([tenant, stream])).catch(() => undefined)
  }

  /** Returns how to stop. */
  watch(tenant: string, stream: string, onWake: () => void): () => void {
    const id = JSON.stringify([tenant, stream])
    const callbacks = this.#watched.get(id) ?? new Set()
    this.#watched.set(id, callbacks)
    const callback = () => onWake() // one of its own, so that a function may watch twice
    callbacks.add(callback)
    this.#subscribe()
    return () => {
      if (callbacks.delete(callback) && callbacks.size === 0) this.#watched.delete(id)
    }
  }

  async close(): Promise<void> {
    this.#watched.clear()
    const stop = await this.#subscription?.catch(() => undefined)
    stop?.()
  }

  #subscribe(): void {
    this.#subscription ??= this.#link.subscribe(this.#channel, message => {
      for (const callback of this.#watched.get(message) ?? []) queueMicrotask(callback)
    })
    this.#subscription.catch(() => {
      this.#subscription = undefined // the next one who watches tries again
    })
  }
}
