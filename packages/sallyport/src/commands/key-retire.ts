import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const kid = operand(invocation, 'kid')
  await (await openManagement(invocation, terminal)).remove(`/keys/${encodeURIComponent(kid)}`)
  return { text: `Whatever ${kid} signed is refused from now on.`, data: { retired: kid } }
}
