import { createRequire } from 'node:module'
import { type EnvironmentOptions, readSecrets } from './environment.ts'
import { describeValue, type Report } from './field.ts'
import { parseFields } from './members.ts'
import { type ConfigurationProblem, problemAt } from './problem.ts'
import type { Configuration, Section } from './section.ts'
import type * as YamlFileModule from './yaml-file.ts'
import type { YamlFile } from './yaml-file.ts'

export interface ConfigurationSource extends EnvironmentOptions {
  /** The text of the YAML file; `undefined` when there is none, and defaults hold. */
  readonly file: string | undefined
}

/**
 * Reads the whole configuration: one YAML file, and the environment for secrets. Strict: an unknown key, a wrong value, a
 * key twice, a YAML alias or an unknown `SALLYPORT_` variable each stop the start, and all of them are told at once.
 *
 * @returns `{ values }` by section, or `{ problems }` ordered by line
 * @throws nothing, whatever the file holds
 */
export function readConfiguration<const S extends readonly Section[]>(
  sections: S,
  source: ConfigurationSource,
): { readonly values: Configuration<S> } | { readonly problems: readonly ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = []
  const { root, lineOf } = source.file === undefined ? noFile : yamlFiles().readYaml(source.file, problems)
  if (problems.length > 0) return { problems }
  const report: Report = (at, problem) => {
    problems.push(problemAt(sections, at, problem, lineOf(at)))
  }
  for (const key of root.keys()) {
    const name = String(key)
    if (!sections.some(section => section.name === name)) report([name], { reason: 'unknown_key', got: name })
  }
  const values: Record<string, unknown> = {}
  for (const section of sections) {
    const map = root.get(section.name) ?? new Map()
    if (map instanceof Map) values[section.name] = parseFields(section.fields, map, [section.name], report)
    else report([section.name], { reason: 'wrong_type', got: describeValue(map) })
  }
  for (const [name, secrets] of readSecrets(sections, source, problems)) {
    values[name] = { ...Object(values[name]), ...secrets }
  }
  if (problems.length === 0) return { values: values as Configuration<S> }
  return { problems: problems.toSorted((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity)) }
}

const noFile: YamlFile = { root: new Map(), lineOf: () => undefined }

/** The YAML parser takes 2 MB of memory, so it is loaded where there is a file. */
function yamlFiles(): typeof YamlFileModule {
  return createRequire(import.meta.url)('./yaml-file.ts')
}
