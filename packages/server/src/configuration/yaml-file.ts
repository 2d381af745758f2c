import { type Document, isAlias, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { describeValue, type KeyPath } from './field.ts'
import type { ConfigurationProblem } from './problem.ts'

const maxFileBytes = 1_048_576

/** A parsed file: its sections by name, and where each key stands. */
export interface YamlFile {
  readonly root: ReadonlyMap<unknown, unknown>
  lineOf(at: KeyPath): number | undefined
}

/** Parses the text of a file; what is wrong with it is added to `problems`, and nothing is in the result then. */
export function readYaml(text: string, problems: ConfigurationProblem[]): YamlFile {
  const nothing: YamlFile = { root: new Map(), lineOf: () => undefined }
  const refuse = (line: number | undefined, got: string): YamlFile => {
    const expected = 'one YAML 1.2 map of sections'
    problems.push({ reason: 'malformed_yaml', key: '', line, expected, got, message: `${got}; expected ${expected}` })
    return nothing
  }
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
