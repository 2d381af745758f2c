/** A change by RFC 7396, split so that each part can be judged: what is set, and what is taken away. */
export interface MergePatch {
  readonly set: Readonly<Record<string, unknown>>
  readonly removed: readonly string[]
}

/** Splits a merge patch of one level; members of members are replaced whole, as they are judged whole. */
export function splitMergePatch(patch: Readonly<Record<string, unknown>>): MergePatch {
  const entries = Object.entries(patch)
  return {
    set: Object.fromEntries(entries.filter(([, value]) => value !== null)),
    removed: entries.filter(([, value]) => value === null).map(([name]) => name),
  }
}

/** The record after the change. What it misses then is for its schema to say. */
export function applyMergePatch<V extends object>(
  before: V,
  patch: { readonly body: Partial<V>; readonly removed: readonly string[] },
): V {
  const kept = Object.entries(before).filter(([name]) => !patch.removed.includes(name))
  return { ...Object.fromEntries(kept), ...patch.body } as V
}
