import type { Fields, FieldValues, KeyPath, Report } from './field.ts'

/**
 * Reads a map's members by their fields: unknown keys, wrong values and missing keys are all reported, defaults filled
 * in. Secrets are left to the environment; one that stands in the file is reported.
 *
 * @returns the values, or `undefined` when anything was reported
 */
export function parseFields<F extends Fields>(
  fields: F,
  map: ReadonlyMap<unknown, unknown>,
  at: KeyPath,
  report: Report,
): FieldValues<F> | undefined {
  let whole = true
  const tell: Report = (where, problem) => {
    whole = false
    report(where, problem)
  }
  for (const key of map.keys()) {
    const name = String(key)
    if (!Object.hasOwn(fields, name)) tell([...at, name], { reason: 'unknown_key', got: name })
  }
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const where = [...at, name]
    const given = map.get(name)
    if (field.source === 'environment') {
      if (map.has(name)) tell(where, { reason: 'secret_in_file', got: 'a value in the file' })
    } else if (given !== undefined && given !== null) {
      values[name] = field.parse(given, where, tell)
    } else if (field.default === undefined && !field.optional) {
      tell(where, { reason: 'missing', got: 'nothing' })
    } else {
      values[name] = field.default
    }
  }
  return whole ? (values as FieldValues<F>) : undefined
}
