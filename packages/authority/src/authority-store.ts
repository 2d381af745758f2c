import type { MaybePromise, TenantStore } from '@sallyport/store'
import type { RegisteredKind, Registrations } from './registrations.ts'

/** The store as one tenant's authority sees it: the contract, and the registered clients and resources at hand. */
export interface AuthorityStore extends TenantStore {
  /**
   * A client or resource for a request, frozen: from memory when it was read a moment ago (`Registrations` says how long).
   * Whoever changes one peeks at it instead.
   */
  registered<V extends object>(kind: RegisteredKind, key: string): MaybePromise<V | undefined>
}

/**
 * Puts this process's memory of registrations before a store. Every write has to pass here: that is how the memory hears
 * of changes.
 */
export function authorityStore(store: TenantStore, registrations: Registrations): AuthorityStore {
  return {
    peek: (kind, key) => store.peek(kind, key),
    peekWith: (kind, key, references) => store.peekWith(kind, key, references),
    claim: (kind, hash, expiresAt) => store.claim(kind, hash, expiresAt),
    list: (kind, page) => store.list(kind, page),
    read: (stream, after, limit) => store.read(stream, after, limit),
    watch: (stream, onAppend) => store.watch(stream, onAppend),
    take: (kind, key, effects) => registrations.after(effects.put, store.take(kind, key, effects)),
    commit: (writes, vouched) => registrations.after(writes, store.commit(writes, vouched)),
    registered: (kind, key) => registrations.find(store, kind, key),
  }
}
