import type { Fields, KeyPath, ProblemReason } from './field.ts'
import { nearest } from './nearest.ts'
import { type Section, variableOf } from './section.ts'

/** One thing that is wrong with the configuration. */
export interface ConfigurationProblem {
  readonly reason: ProblemReason
  /** The key as a person writes it: `gateway.routes[2].upstream`, or a variable's name. */
  readonly key: string
  /** 1-based line of the file; `undefined` when the key is not in it. */
  readonly line: number | undefined
  readonly expected: string
  readonly got: string
  /** The whole of it in one sentence, without the file's name. */
  readonly message: string
}

/** Describes a problem at a place of the file, with the nearest right key or the range that is expected there. */
export function problemAt(
  sections: readonly Section[],
  at: KeyPath,
  problem: { readonly reason: ProblemReason; readonly got: string },
  line: number | undefined,
): ConfigurationProblem {
  const key = at.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
  const expected = expectedAt(sections, at, problem.reason)
  return { ...problem, key, line, expected, message: sentence(problem.reason, key, expected, problem.got) }
}

/** All problems as lines for a terminal: `sallyport.yaml:7: tokens.accessTokenTTL is unknown; …`. */
export function formatProblems(problems: readonly ConfigurationProblem[], fileName: string): string {
  return problems
    .map(({ line, message }) => `${line === undefined ? fileName : `${fileName}:${line}`}: ${message}`)
    .join('\n')
}

function sentence(reason: ProblemReason, key: string, expected: string, got: string): string {
  switch (reason) {
    case 'unknown_key':
    case 'unknown_variable':
      return `${key} is unknown; ${expected}`
    case 'missing':
      return `${key} is missing; expected ${expected}`
    case 'secret_in_file':
      return `${key} is a secret and must not stand in the file; set ${expected}`
    case 'unreadable_file':
    case 'malformed_yaml':
      return `${got}; expected ${expected}`
    case 'wrong_type':
    case 'out_of_range':
      return `${key} is ${got}; expected ${expected}`
  }
}

function expectedAt(sections: readonly Section[], at: KeyPath, reason: ProblemReason): string {
  if (reason === 'unknown_key') return suggestion(sections, at)
  const section = sections.find(each => each.name === at[0])
  if (reason !== 'secret_in_file' || section === undefined) return rangeAt(sections, at)
  return `${variableOf(section, String(at[1]))} in the environment`
}

function suggestion(sections: readonly Section[], at: KeyPath): string {
  const name = String(at.at(-1))
  const owner = at.length === 1 ? undefined : fieldsAt(sections, at.slice(0, -1))
  const here = owner === undefined ? sections.map(section => section.name) : Object.keys(owner)
  const close = nearest(name, here)
  if (close !== undefined) {
    const range = owner?.[close]?.range
    return `nearest is ${close}${range === undefined ? '' : ` (${range})`}`
  }
  const elsewhere = sections.flatMap(section => Object.keys(section.fields).map(key => `${section.name}.${key}`))
  const moved = elsewhere.find(full => full.endsWith(`.${name}`))
  return moved === undefined ? `known here: ${here.join(', ')}` : `it belongs to ${moved}`
}

function rangeAt(sections: readonly Section[], at: KeyPath): string {
  const key = at.findLast(part => typeof part === 'string')
  if (at.length <= 1 || key === undefined) return 'a map of keys'
  const parent = fieldsAt(sections, at.slice(0, at.lastIndexOf(key)))
  return parent?.[key]?.range ?? 'a map of keys'
}

/** The fields that a map at this place may have. */
function fieldsAt(sections: readonly Section[], at: KeyPath): Fields | undefined {
  const [root, ...rest] = at
  let fields = sections.find(section => section.name === root)?.fields
  for (const part of rest) if (typeof part === 'string') fields = fields?.[part]?.members
  return fields
}
