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
  // A map for each kind: names made of kind and identifier would cost every use of every token four new strings.
  const entries: EntriesByKind = { token: new Map(), family: new Map(), client: new Map(), key: new Map() }
  let size = 0
  let prunedAt = 0
  const addOne = (entry: RevocationEntry): boolean => {
    const ofKind = entries[entry.kind]
    const known = ofKind.get(entry.id)
    if (known === undefined && size >= maxEntries) return false
    if (known === undefined) size += 1
    ofKind.set(entry.id, known === undefined ? entry : stronger(known, entry))
    return true
  }
  return {
    get size() {
      return size
    },
    add: (added, nowSeconds) => added.every(entry => entry.exp < nowSeconds || addOne(entry)),
    isDead: token => size > 0 && isDead(entries, token),
    prune: nowSeconds => {
      if (nowSeconds - prunedAt < pruneEverySeconds) return
      prunedAt = nowSeconds
      for (const ofKind of Object.values(entries)) {
        for (const [id, entry] of ofKind) if (entry.exp < nowSeconds && ofKind.delete(id)) size -= 1
      }
    },
  }
}

type EntriesByKind = Readonly<Record<RevocationEntry['kind'], Map<string, RevocationEntry>>>

function isDead(entries: EntriesByKind, token: RevocableToken): boolean {
  if (entries.token.has(token.jti)) return true
  const covers = (entry: RevocationEntry | undefined) => entry !== undefined && token.iat <= entry.before
  return (
    (token.family !== undefined && covers(entries.family.get(token.family))) ||
    covers(entries.client.get(token.clientId)) ||
    (token.kid !== undefined && covers(entries.key.get(token.kid)))
  )
}

function stronger(a: RevocationEntry, b: RevocationEntry): RevocationEntry {
  return { ...a, before: Math.max(a.before, b.before), exp: Math.max(a.exp, b.exp) }
}
