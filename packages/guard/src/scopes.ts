/** Scopes an operation needs: all of them, each by itself or by a broader one that implies it. */
export interface NeededScopes {
  /** As sent in challenges: every scope, separated by spaces. */
  readonly text: string
  /** The first of them, which names the operation to the policy; the others are judged before it is asked. */
  readonly first: string
  heldBy(scopes: ReadonlySet<string>): boolean
  /** The caller's scopes with the needed ones that broader ones imply; asked only where `heldBy` is true. */
  within(scopes: ReadonlySet<string>): readonly string[]
}

/**
 * @param scope   scopes separated by spaces; empty when the operation needs none
 * @param implies which narrower scopes a broader one contains, such as `{ 'write:orders': ['read:orders'] }`
 */
export function neededScopes(scope: string, implies: Readonly<Record<string, readonly string[]>>): NeededScopes {
  const needed = scope.split(' ').filter(word => word !== '')
  const sufficient = needed.map(word => [...containing(word, implies)])
  return {
    text: needed.join(' '),
    first: needed[0] ?? '',
    within: scopes => [...new Set([...scopes, ...needed])],
    heldBy: scopes => sufficient.every(words => words.some(word => scopes.has(word))),
  }
}

function containing(scope: string, implies: Readonly<Record<string, readonly string[]>>): ReadonlySet<string> {
  const found = new Set([scope])
  for (const word of found) {
    for (const [broader, narrower] of Object.entries(implies)) if (narrower.includes(word)) found.add(broader)
  }
  return found
}
