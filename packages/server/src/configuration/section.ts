import type { Fields, FieldValues } from './field.ts'

/** A named part of the configuration, declared beside the code that reads it. */
export interface Section<Name extends string = string, F extends Fields = Fields> {
  readonly name: Name
  readonly about: string
  readonly fields: F
}

/** What a section reads to. */
export type SectionValues<S> = S extends Section<string, infer F> ? FieldValues<F> : never

/** What all sections read to, by their names. */
export type Configuration<S extends readonly Section[]> = {
  readonly [Each in S[number] as Each['name']]: SectionValues<Each>
}

/**
 * Declares a section: `section('tokens', { accessTokenTtlSeconds: seconds({ min: 300, max: 900, default: 300, … }) })`.
 *
 * @param name  the key at the file's root, camelCase
 * @param about  one sentence for the reference
 */
export function section<const Name extends string, const F extends Fields>(
  name: Name,
  fields: F,
  about = '',
): Section<Name, F> {
  return { name, about, fields }
}

/** The environment variable of a section's secret: `store.masterKey` is `SALLYPORT_STORE_MASTER_KEY`. */
export function variableOf(section: Section, key: string): string {
  const derived = `SALLYPORT_${section.name}_${key}`.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()
  return section.fields[key]?.variable ?? derived
}
