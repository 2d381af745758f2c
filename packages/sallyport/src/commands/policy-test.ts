import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

const program = 'opa'

/** Runs `opa test` over a policy, with the capabilities and tests that lie beside it. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const folder = resolve(terminal.directory, invocation.operands.get('folder') ?? 'policies')
  if (!existsSync(folder)) return { failed: 'usage', code: 'no_folder', message: `There is no folder ${folder}.` }
  const isPolicy = existsSync(join(folder, 'data.json'))
  const root = isPolicy ? dirname(folder) : folder
  const policies = isPolicy ? [folder] : policiesIn(folder)
  const tests = join(root, 'tests')
  const capabilities = join(root, 'capabilities.json')
  const args = [
    'test',
    ...(existsSync(capabilities) ? ['--capabilities', capabilities] : []),
    // Tests of one policy may look at its neighbours, so all of them are loaded.
    ...(isPolicy ? policiesIn(root) : policies),
    ...(existsSync(tests) ? [tests] : []),
  ]
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) {
    return {
      failed: 'failed',
      code: 'opa_missing',
      message: 'opa is not installed; the tests of a policy are written in Rego.',
      got: error.message,
      hint: 'Install it from https://www.openpolicyagent.org/docs, or ask single questions with sallyport policy try.',
    }
  }
  const text = `${stdout}${stderr}`.trim()
  if (status === 0) return { text, data: { passed: true, output: text } }
  return { failed: 'failed', code: 'policy_failed', message: text }
}

function policiesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(join(folder, entry.name, 'data.json')))
    .map(entry => join(folder, entry.name))
}
