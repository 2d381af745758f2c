import type { Command, Flag } from './command.ts'
import { commonFlags } from './parse.ts'

/** The help of one command: examples first, because they answer most questions. */
export function commandHelp(command: Command): string {
  const operands = (command.operands ?? []).map(each => (each.optional ? `[${each.name}]` : `<${each.name}>`))
  const usage = ['sallyport', ...command.path, ...operands, '[flags]'].join(' ')
  const described = (command.operands ?? []).map(each => [each.name, each.summary] as const)
  return [
    'Examples',
    ...command.examples.map(line => `  ${line}`),
    '',
    `${command.summary}.`,
    '',
    `Usage  ${usage}`,
    ...columns(described),
    ...section('Flags', command.flags ?? []),
    ...section('Every command', commonFlags),
    '',
  ].join('\n')
}

/** The list of commands, by noun, in the order of the table. */
export function commandList(commands: readonly Command[]): string {
  const examples = commands.slice(0, 40).flatMap(each => each.examples.slice(0, 1))
  return [
    'Examples',
    ...examples.slice(0, 4).map(line => `  ${line}`),
    '',
    'Commands',
    ...columns(commands.map(each => [each.path.join(' '), each.summary] as const)),
    '',
    'sallyport <command> --help shows examples and flags of each.',
    'Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 refused, 5 unreachable.',
    '',
  ].join('\n')
}

function section(title: string, flags: readonly Flag[]): readonly string[] {
  if (flags.length === 0) return []
  const rows = flags.map(each => {
    const value = each.value === undefined ? '' : ` <${each.value}>`
    return [`--${each.name}${value}`, `${each.summary}${each.many ? ' (may be repeated)' : ''}`] as const
  })
  return ['', title, ...columns(rows)]
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
