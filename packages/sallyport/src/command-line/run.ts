import {
  type Command,
  CommandFailure,
  exitCodes,
  type Failure,
  flag,
  type Invocation,
  isFailure,
  type Outcome,
} from './command.ts'
import { commandHelp, commandList } from './help.ts'
import { parseCommandLine } from './parse.ts'
import { type Format, renderDone, renderFailure } from './render.ts'
import type { Terminal, TerminalOptions } from './terminal.ts'

/** Runs a command line and answers its exit code. */
export async function runCommandLine(
  words: readonly string[],
  commands: readonly Command[],
  version: string,
  openTerminal: (options: TerminalOptions) => Terminal,
): Promise<number> {
  const parsed = parseCommandLine(words, commands)
  const json = words.includes('--json')
  const terminal = openTerminal({ json, noInput: words.includes('--no-input') })
  if ('help' in parsed) {
    terminal.out(Array.isArray(parsed.help) ? commandList(parsed.help) : commandHelp(parsed.help as Command))
    return 0
  }
  if ('version' in parsed) {
    terminal.out(`sallyport ${version}\n`)
    return 0
  }
  const format = 'failure' in parsed ? (json ? 'json' : 'text') : chosenFormat(parsed.invocation)
  if (typeof format === 'object') return report(format, terminal, 'text')
  const outcome = 'failure' in parsed ? parsed.failure : await attempt(parsed.invocation, terminal)
  if (isFailure(outcome)) return report(outcome, terminal, format)
  terminal.out(renderDone(outcome, format))
  return outcome.found === true ? exitCodes.found : 0
}

async function attempt(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const question = invocation.command.confirm?.(invocation)
  if (question !== undefined && !invocation.flags.has('yes')) {
    if (!terminal.interactive) {
      return { failed: 'usage', code: 'needs_yes', message: question, hint: 'Give --yes to do it without being asked.' }
    }
    if (!(await terminal.confirm(question)))
      return { failed: 'failed', code: 'not_confirmed', message: 'Nothing was changed.' }
  }
  try {
    const { run } = await invocation.command.load()
    return await run(invocation, terminal)
  } catch (error) {
    if (error instanceof CommandFailure) return error.failure
    return unexpected(error)
  }
}

/** An error that no part expected: said in one line; its stack is in the log of whoever was serving. */
function unexpected(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const hint = 'This was not expected. The log of the data folder may say more; please report it.'
  return { failed: 'failed', code: 'unexpected', message, hint }
}

function chosenFormat(invocation: Invocation): Format | Failure {
  if (invocation.flags.has('json')) return 'json'
  const output = flag(invocation, 'output')
  if (output === undefined || output === 'text') return 'text'
  if (output === 'json' || output === 'env') return output
  return { failed: 'usage', code: 'usage', message: '-o names no format.', expected: 'text, json or env', got: output }
}

function report(failure: Failure, terminal: Terminal, format: Format): number {
  const text = renderFailure(failure, format)
  if (format === 'json') terminal.out(text)
  else terminal.note(text)
  return exitCodes[failure.failed]
}
