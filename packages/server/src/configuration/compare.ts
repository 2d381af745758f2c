import { isDeepStrictEqual } from 'node:util'
import type { Section } from './section.ts'

/** A key whose value differs between two readings of the configuration. */
export interface ConfigurationChange {
  readonly key: string
  /** Whether it takes effect at once; otherwise only a restart brings it. */
  readonly live: boolean
}

/** What changed from one reading to the next, so that a reload takes the live keys and names the others. */
export function compareConfiguration(
  sections: readonly Section[],
  before: Readonly<Record<string, object>>,
  after: Readonly<Record<string, object>>,
): readonly ConfigurationChange[] {
  return sections.flatMap(section =>
    Object.entries(section.fields).flatMap(([key, field]) => {
      const was: unknown = Object.entries(before[section.name] ?? {}).find(([name]) => name === key)?.[1]
      const is: unknown = Object.entries(after[section.name] ?? {}).find(([name]) => name === key)?.[1]
      return isDeepStrictEqual(was, is) ? [] : [{ key: `${section.name}.${key}`, live: field.live }]
    }),
  )
}
