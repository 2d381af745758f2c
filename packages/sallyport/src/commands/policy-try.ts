import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { embeddedPolicy, type PolicyInput, readPolicyDirectory } from '@sallyport/policy'
import { CommandFailure, flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import { members } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

/** Asks the compiled policy, as the guard would, and shows what it decides. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const folder = resolve(terminal.directory, operand(invocation, 'folder'))
  const bundle = await readPolicyDirectory(folder).catch((error: unknown) => fail('policy_unreadable', error))
  const entrypoint = bundle.entrypoints.find(name => name.endsWith('/decision'))
  if (entrypoint === undefined)
    return { failed: 'failed', code: 'no_decision', message: `${folder} has no rule named decision.` }
  const engine = await embeddedPolicy({ ...bundle, entrypoint })
  const decision = await engine.decide(readQuestion(invocation, terminal))
  return { text: members({ ...decision }), data: { ...decision, revision: engine.revision } }
}

function readQuestion(invocation: Invocation, terminal: Terminal): PolicyInput {
  const file = flag(invocation, 'input') ?? '-'
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : resolve(terminal.directory, file), 'utf8'))
  } catch (error) {
    return fail('question_unreadable', error)
  }
}

function fail(code: string, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  throw new CommandFailure({ failed: 'failed', code, message })
}
