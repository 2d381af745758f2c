import type { RevocableToken } from './judge-caller.ts'
import type { RevocationEntry } from './revocation-feed.ts'

/** The revocations known, each until no token it names is alive. */
export interface RevocationEntries {
  readonly size: number
  /** @returns `false` when there is no room for them all; then some are missing and the list must close */
  add(entries: readonly RevocationEntry[], nowSeconds: number): boolean
  isDead(token: RevocableToken): boolean
  /** Forgets what is over; looks through the memory at most every ten seconds. */
  prune(nowSeconds: number): void
}

const pruneEverySeconds = 10

/** A revocation is never undone here: adding one again makes it at most stronger, and only expiry forgets. */
export function revocationEntries(maxEntries: number): RevocationEntries {
  const entries = new Map<string, RevocationEntry>()
  let prunedAt = 0
  const addOne = (entry: RevocationEntry): boolean => {
    const name = nameOf(entry.kind, entry.id)
    const known = entries.get(name)
    if (known === undefined && entries.size >= maxEntries) return false
    entries.set(name, known === undefined ? entry : stronger(known, entry))
    return true
  }
  return {
    get size() {
      return entries.size
    },
    add: (added, nowSeconds) => added.every(entry => entry.exp < nowSeconds || addOne(entry)),
    isDead: token => entries.size > 0 && isDead(entries, token),
    prune: nowSeconds => {
      if (nowSeconds - prunedAt < pruneEverySeconds) return
      prunedAt = nowSeconds
      for (const [name, entry] of entries) if (entry.exp < nowSeconds) entries.delete(name)
    },
  }
}

function isDead(entries: ReadonlyMap<string, RevocationEntry>, token: RevocableToken): boolean {
  if (entries.has(nameOf('token', token.jti))) return true
  const isCovered = (kind: RevocationEntry['kind'], id: string | undefined) => {
    const entry = id === undefined ? undefined : entries.get(nameOf(kind, id))
    return entry !== undefined && token.iat <= entry.before
  }
  return isCovered('family', token.family) || isCovered('client', token.clientId) || isCovered('key', token.kid)
}

function nameOf(kind: RevocationEntry['kind'], id: string): string {
  return `${kind} ${id}`
}

function stronger(a: RevocationEntry, b: RevocationEntry): RevocationEntry {
  return { ...a, before: Math.max(a.before, b.before), exp: Math.max(a.exp, b.exp) }
}
