import type { Reader } from './reader.ts'

/** How often commits of other processes are looked for while something is watched. */
const WATCH_POLL_MS = 50

interface Watched {
  readonly tenant: string
  readonly stream: string
  last: number
  readonly callbacks: Set<() => void>
}

/** Wakes who watches a stream: at once after a commit of this process, within a poll after one of another. */
export class StreamWatch {
  readonly #reader: Reader
  readonly #watched = new Map<string, Watched>()
  #poll: NodeJS.Timeout | undefined
  #dataVersion = 0

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** @param tenant as spelled, as `stream` */
  watch(tenant: string, stream: string, onAppend: () => void): () => void {
    const id = streamId(tenant, stream)
    const watched = this.#watched.get(id) ?? {
      tenant,
      stream,
      last: this.#reader.lastSeq(tenant, stream),
      callbacks: new Set(),
    }
    this.#watched.set(id, watched)
    const callback = () => onAppend() // one of its own, so that a function may watch twice
    watched.callbacks.add(callback)
    this.#startPolling()
    return () => {
      if (!watched.callbacks.delete(callback)) return
      if (watched.callbacks.size === 0) this.#watched.delete(id)
      if (this.#watched.size === 0) this.close()
    }
  }

  /** After a commit of this process that appended to the stream. */
  appended(tenant: string, stream: string): void {
    const watched = this.#watched.get(streamId(tenant, stream))
    if (watched !== undefined) this.#wake(watched)
  }

  close(): void {
    this.#watched.clear()
    clearInterval(this.#poll)
    this.#poll = undefined
  }

  #startPolling(): void {
    if (this.#poll !== undefined) return
    this.#dataVersion = this.#reader.dataVersion()
    this.#poll = setInterval(() => this.#look(), WATCH_POLL_MS)
    this.#poll.unref()
  }

  #look(): void {
    try {
      const dataVersion = this.#reader.dataVersion()
      if (dataVersion === this.#dataVersion) return
      this.#dataVersion = dataVersion
      for (const watched of this.#watched.values()) this.#wake(watched)
    } catch {
      // Who watches reads next, and meets the error where it can be answered.
      for (const { callbacks } of this.#watched.values()) for (const callback of callbacks) queueMicrotask(callback)
    } finally {
      this.#reader.endSnapshot() // a timer comes before the sockets of its round: what they bring may be about a later commit
    }
  }

  #wake(watched: Watched): void {
    const last = this.#reader.lastSeq(watched.tenant, watched.stream)
    if (last === watched.last) return
    watched.last = last
    for (const callback of watched.callbacks) queueMicrotask(callback)
  }
}

function streamId(tenant: string, stream: string): string {
  return `${tenant}\0${stream}`
}
