import { Link } from './link.ts'
import type { Reader } from './reader.ts'
import { shelfOf } from './shelf.ts'

/** How often streams are looked at while nobody listens, and how often all the same while somebody does. */
const POLL_MS = 50
const POLLS_PER_SAFETY_LOOK = 10

interface Watched {
  last: number
  readonly callbacks: Set<() => void>
}

/**
 * Wakes who watches a stream: at once after a commit of this process, by a notification after one of another. While the
 * listening connection is lost the streams' numbers are polled, so a notification that was missed is found soon.
 */
export class StreamWatch {
  readonly #reader: Reader
  readonly #listener: Link
  readonly #watched = new Map<string, Watched>()
  #poll: NodeJS.Timeout | undefined
  #polls = 0
  #looking = false
  #isListening = false

  constructor(url: string, channel: string, reader: Reader) {
    this.#reader = reader
    const onLost = () => {
      this.#isListening = false
    }
    this.#listener = new Link(url, {
      listening: { channel, onNotification: payload => this.told(payload), onLost },
    })
  }

  /** @param tenant as spelled, as `stream` */
  watch(tenant: string, stream: string, onAppend: () => void): () => void {
    const shelf = shelfOf(tenant, stream)
    const watched = this.#watched.get(shelf) ?? { last: 0, callbacks: new Set() }
    this.#watched.set(shelf, watched)
    const callback = () => onAppend() // one of its own, so that a function may watch twice
    watched.callbacks.add(callback)
    this.#start()
    return () => {
      if (!watched.callbacks.delete(callback)) return
      if (watched.callbacks.size === 0) this.#watched.delete(shelf)
      if (this.#watched.size === 0) this.#stop()
    }
  }

  /** Numbers of streams as `apply` and notifications tell them: "shelf last", separated by commas. */
  told(told: string): void {
    for (const part of told.split(',')) {
      const [shelf = '', last] = part.split(' ')
      this.#reached(shelf, Number(last))
    }
  }

  async close(): Promise<void> {
    this.#watched.clear()
    this.#stop()
    await this.#listener.close()
  }

  #start(): void {
    this.#listen()
    this.#look() // an entry that came between the caller's last read and now
    if (this.#poll !== undefined) return
    this.#poll = setInterval(() => this.#tick(), POLL_MS)
    this.#poll.unref()
  }

  #stop(): void {
    clearInterval(this.#poll)
    this.#poll = undefined
  }

  #tick(): void {
    this.#polls += 1
    if (!this.#isListening) this.#listen()
    if (!this.#isListening || this.#polls % POLLS_PER_SAFETY_LOOK === 0) this.#look()
  }

  #listen(): void {
    const listening = () => {
      this.#isListening = true
    }
    // A listener that cannot connect is tried again by the next poll, which finds what is appended meanwhile.
    this.#listener.open().then(listening, () => undefined)
  }

  #look(): void {
    if (this.#looking) return
    this.#looking = true
    this.#reader
      .lasts([...this.#watched.keys()])
      .then(
        rows => {
          for (const { shelf, last } of rows) this.#reached(shelf, last)
        },
        () => {
          // Who watches reads next, and meets the error where it can be answered.
          for (const { callbacks } of this.#watched.values()) for (const callback of callbacks) queueMicrotask(callback)
        },
      )
      .finally(() => {
        this.#looking = false
      })
  }

  #reached(shelf: string, last: number): void {
    const watched = this.#watched.get(shelf)
    if (watched === undefined || last <= watched.last) return
    watched.last = last
    for (const callback of watched.callbacks) queueMicrotask(callback)
  }
}
