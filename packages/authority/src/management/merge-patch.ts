import type { ObjectBody } from './schema.ts'
import { type Issue, validate } from './validate.ts'

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

/** The record after the change, or what it misses then: a whole record must fit its schema again. */
export function applyMergePatch<V extends object>(
  schema: ObjectBody,
  before: V,
  patch: { readonly body: Partial<V>; readonly removed: readonly string[] },
): { readonly merged: V } | { readonly issues: readonly Issue[] } {
  const kept = Object.entries(before).filter(([name]) => !patch.removed.includes(name))
  const merged = { ...Object.fromEntries(kept), ...patch.body } as V
  const issues = validate(schema, merged)
  return issues.length > 0 ? { issues } : { merged }
}
