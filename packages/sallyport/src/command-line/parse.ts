import { nearest } from '@sallyport/server/nearest'
import type { Command, Failure, Flag, Invocation } from './command.ts'

/** Flags that every command takes. */
export const commonFlags: readonly Flag[] = [
  { name: 'json', summary: 'one JSON value on stdout, errors too' },
  { name: 'output', value: 'env', summary: '-o env: shell assignments on stdout' },
  { name: 'yes', summary: 'do not ask before what cannot be undone' },
  { name: 'no-input', summary: 'never ask; fail where an answer is needed' },
  { name: 'home', value: 'folder', summary: 'data folder instead of $SALLYPORT_HOME or .sallyport' },
  { name: 'config', value: 'file', summary: 'configuration file instead of the first one found' },
  { name: 'help', summary: 'this page' },
]

const short: Readonly<Record<string, string>> = { '-o': '--output', '-y': '--yes', '-h': '--help', '-v': '--version' }

export type Parsed =
  | { readonly invocation: Invocation }
  | { readonly help: Command | readonly Command[] }
  | { readonly version: true }
  | { readonly failure: Failure }

/** Finds the command of a command line and what was given to it. Nothing is guessed: what is unknown is refused with the nearest name. */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): Parsed {
  if (words.length === 0) return { help: commands }
  if (words[0] === '--version' || words[0] === '-v') return { version: true }
  if (words[0] === 'help') return parseCommandLine([...words.slice(1), '--help'], commands)
  const first = words.findIndex(word => word.startsWith('-'))
  const leading = first < 0 ? words : words.slice(0, first)
  const command = findCommand(leading, commands)
  if (command !== undefined) return parseInvocation(command, words.slice(command.path.length))
  const ofNoun = commands.filter(each => each.path.length > 1 && each.path[0] === leading[0])
  const asksHelp = words.includes('--help') || words.includes('-h')
  if (ofNoun.length > 0 && (leading.length === 1 || asksHelp)) return { help: ofNoun }
  if (leading.length === 0 && asksHelp) return { help: commands }
  return { failure: unknownCommand(leading, ofNoun.length > 0 ? ofNoun : commands) }
}

function findCommand(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.find(({ path }) => path.every((part, index) => words[index] === part))
}

function parseInvocation(command: Command, words: readonly string[]): Parsed {
  const known = [...(command.flags ?? []), ...commonFlags]
  const flags = new Map<string, string[]>()
  const values: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') {
      values.push(...words.slice(at + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      values.push(word)
      continue
    }
    const [name = '', inline] = splitFlag(short[word] ?? word)
    const flag = known.find(each => each.name === name)
    if (flag === undefined) return { failure: unknownFlag(command, word, known) }
    const given = flags.get(name) ?? []
    if (flag.value === undefined) {
      if (inline !== undefined) return { failure: usage(command, `--${name} takes no value`, `--${name}`, word) }
    } else {
      if (inline === undefined) at += 1
      const value = inline ?? words[at]
      if (value === undefined)
        return { failure: usage(command, `--${name} needs a value`, `--${name} <${flag.value}>`) }
      if (given.length > 0 && flag.many !== true)
        return { failure: usage(command, `--${name} is given twice`, 'it once') }
      given.push(value)
    }
    flags.set(name, given)
  }
  if (flags.has('help')) return { help: command }
  return withOperands(command, values, flags)
}

function withOperands(command: Command, values: readonly string[], flags: Map<string, string[]>): Parsed {
  const expected = command.operands ?? []
  const missing = expected.find((each, index) => each.optional !== true && values[index] === undefined)
  if (missing !== undefined) return { failure: usage(command, `<${missing.name}> is missing`, missing.summary) }
  const extra = values[expected.length]
  if (extra !== undefined) return { failure: usage(command, 'there is a word too many', 'nothing more', extra) }
  const operands = new Map<string, string>()
  for (const [index, { name }] of expected.entries()) {
    const value = values[index]
    if (value !== undefined) operands.set(name, value)
  }
  return { invocation: { command, operands, flags } }
}

function splitFlag(word: string): readonly [string, string | undefined] {
  const equals = word.indexOf('=')
  return equals < 0 ? [word.slice(2), undefined] : [word.slice(2, equals), word.slice(equals + 1)]
}

function unknownFlag(command: Command, word: string, known: readonly Flag[]): Failure {
  const names = known.map(each => each.name)
  const meant = nearest(splitFlag(word)[0], names)
  const guess = meant === undefined ? undefined : `--${meant}`
  return usage(command, `${word} is not a flag of ${name(command)}`, guess, word)
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): Failure {
  const typed = words.slice(0, commands.some(each => each.path[0] === words[0]) ? 2 : 1).join(' ')
  const heads = commands.map(each => each.path.join(' '))
  const meant = nearest(words.slice(0, 2).join(' '), heads) ?? nearest(typed, heads) ?? nearestNoun(words, commands)
  return {
    failed: 'usage',
    code: 'unknown_command',
    message: typed === '' ? 'No command was given.' : `There is no command "${typed}".`,
    ...(meant === undefined ? {} : { expected: `sallyport ${meant}` }),
    hint: 'sallyport --help lists all commands.',
  }
}

function nearestNoun(words: readonly string[], commands: readonly Command[]): string | undefined {
  return nearest(words[0] ?? '', [...new Set(commands.map(each => each.path[0] ?? ''))])
}

function usage(command: Command, problem: string, expected?: string, got?: string): Failure {
  return {
    failed: 'usage',
    code: 'usage',
    message: `${name(command)}: ${problem}.`,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    hint: `sallyport ${name(command)} --help shows how it is used.`,
  }
}

const name = (command: Command): string => command.path.join(' ')
