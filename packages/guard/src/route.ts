/**
 * Whether a route's pattern takes something from the path that may name an object: `:id`, `*`, `{…}` or an expression,
 * in the spelling of any of the frameworks. A pattern that cannot be read counts as one that does.
 */
export function hasPathParameter(pattern: string): boolean {
  return /[:*{(<]/.test(pattern)
}

/** The type of object a pattern is about: `order` for `/shop/orders/:id/refund`; said outright where this guesses wrong. */
export function objectTypeOf(pattern: string): string {
  const fixed: string[] = []
  for (const segment of pattern.split('/')) {
    if (hasPathParameter(segment)) break
    if (segment !== '') fixed.push(segment)
  }
  const singular = fixed.at(-1)?.replace(/s$/, '') ?? ''
  // A collection is decided by scope alone, so no path may name its objects so.
  return singular === '' || singular === 'collection' ? 'object' : singular
}
