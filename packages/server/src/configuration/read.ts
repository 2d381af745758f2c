import { type Document, isAlias, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { type EnvironmentOptions, readSecrets } from './environment.ts'
import { describeValue, type KeyPath, type Report } from './field.ts'
import { parseFields } from './members.ts'
import { type ConfigurationProblem, problemAt } from './problem.ts'
import type { Configuration, Section } from './section.ts'

export interface ConfigurationSource extends EnvironmentOptions {
  /** The text of the YAML file; `undefined` when there is none, and defaults hold. */
  readonly file: string | undefined
}

const maxFileBytes = 1_048_576

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
  const { root, lineOf } = readYaml(source.file, problems)
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

interface YamlFile {
  readonly root: ReadonlyMap<unknown, unknown>
  lineOf(at: KeyPath): number | undefined
}

function readYaml(text: string | undefined, problems: ConfigurationProblem[]): YamlFile {
  const nothing: YamlFile = { root: new Map(), lineOf: () => undefined }
  const refuse = (line: number | undefined, got: string): YamlFile => {
    const expected = 'one YAML 1.2 map of sections'
    problems.push({ reason: 'malformed_yaml', key: '', line, expected, got, message: `${got}; expected ${expected}` })
    return nothing
  }
  if (text === undefined) return nothing
  if (Buffer.byteLength(text) > maxFileBytes) return refuse(undefined, `the file is over ${maxFileBytes} bytes`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: true })
  for (const error of [...document.errors, ...document.warnings]) {
    refuse(lines.linePos(error.pos[0]).line, error.message.split(/ at line |\n/)[0] ?? error.code)
  }
  if (problems.length > 0) return nothing
  const alias = firstAlias(document)
  if (alias !== undefined) return refuse(lines.linePos(alias).line, 'an alias (*name) stands in the file')
  const root: unknown = document.toJS({ mapAsMap: true })
  if (root === null || root === undefined) return nothing
  if (!(root instanceof Map)) return refuse(1, `the file is ${describeValue(root)}`)
  return { root, lineOf: at => lineAt(document, lines, at) }
}

function firstAlias(document: Document.Parsed): number | undefined {
  let found: number | undefined
  visit(document, {
    Alias: (_key, node) => {
      if (isAlias(node)) found ??= node.range?.[0] ?? 0
    },
  })
  return found
}

/** The line of a key; of the nearest one above it that is in the file when it is missing itself. */
function lineAt(document: Document.Parsed, lines: LineCounter, at: KeyPath): number | undefined {
  for (let length = at.length; length > 0; length -= 1) {
    const last = at[length - 1]
    const parent: unknown = length === 1 ? document.contents : document.getIn(at.slice(0, length - 1), true)
    if (isMap(parent)) {
      const key = parent.items.map(pair => pair.key).find(each => isScalar(each) && String(each.value) === last)
      if (isScalar(key) && key.range) return lines.linePos(key.range[0]).line
    } else {
      const node: unknown = document.getIn(at.slice(0, length), true)
      if (isScalar(node) && node.range) return lines.linePos(node.range[0]).line
      if (isMap(node) && node.range) return lines.linePos(node.range[0]).line
    }
  }
  return undefined
}
