import type { MaybePromise, Stored, TenantStore, Write } from '@sallyport/store'

/** What operators register and every request reads. */
export type RegisteredKind = 'client' | 'resource'

/** How long this process may go on with what it read, when another process wrote meanwhile. */
export const rememberedMs = 200

/** Of each kind; beyond it, the one remembered first is read anew. */
const maxRemembered = 5000

interface Remembered {
  readonly version: number
  readonly value: object
  /** Unix milliseconds before the read. */
  readonly readAt: number
}

/**
 * One process's memory of clients and resources, so that a request finds them read and parsed. What this process writes it
 * forgets before the write is acknowledged; what another process writes shows after `rememberedMs` at most. What is not
 * registered is not remembered, so whatever is made works at once everywhere (docs/decisions/0013).
 */
export class Registrations {
  readonly #nowMs: () => number
  readonly #known: Readonly<Record<RegisteredKind, Map<string, Remembered>>> = {
    client: new Map(),
    resource: new Map(),
  }
  /** Counts what was forgotten: a read that began before is not remembered. */
  #changes = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  find<V extends object>(store: TenantStore, kind: RegisteredKind, key: string): MaybePromise<V | undefined> {
    const readAt = this.#nowMs()
    const known = this.#known[kind].get(key)
    // A clock that was set back makes nothing last longer.
    if (known !== undefined && readAt >= known.readAt && readAt < known.readAt + rememberedMs) return known.value as V
    const changes = this.#changes
    const keep = (stored: Stored<V> | undefined) => {
      if (stored === undefined) return undefined
      const value = known?.version === stored.version ? (known.value as V) : deeplyFrozen(stored.value)
      if (changes === this.#changes) this.#remember(kind, key, { version: stored.version, value, readAt })
      return value
    }
    const stored = store.peek<V>(kind, key)
    return stored instanceof Promise ? stored.then(keep) : keep(stored)
  }

  /** Forgets what `writes` change when they are done, or may be: a failed one can have been written all the same. */
  after<T>(writes: readonly Write[], written: Promise<T>): Promise<T> {
    const changed = writes.filter(isRegistration)
    return changed.length === 0 ? written : written.finally(() => this.#forget())
  }

  #remember(kind: RegisteredKind, key: string, remembered: Remembered): void {
    const known = this.#known[kind]
    known.delete(key)
    known.set(key, remembered)
    const [oldest] = known.keys()
    if (known.size > maxRemembered && oldest !== undefined) known.delete(oldest)
  }

  /** Registrations change too seldom for it to matter that all are read anew. */
  #forget(): void {
    this.#changes += 1
    this.#known.client.clear()
    this.#known.resource.clear()
  }
}

function isRegistration(write: Write): boolean {
  if ('append' in write) return false
  const { kind } =
    'put' in write ? write.put : 'insert' in write ? write.insert : 'replace' in write ? write.replace : write.remove
  return kind === 'client' || kind === 'resource'
}

function deeplyFrozen<V extends object>(value: V): V {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) deeplyFrozen(member)
  return Object.freeze(value)
}
