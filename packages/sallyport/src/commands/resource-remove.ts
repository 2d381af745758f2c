import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const resource = operand(invocation, 'resource')
  await (await openManagement(invocation, terminal)).remove(`/resources/${encodeURIComponent(resource)}`)
  return { text: `${resource} is not registered any more.`, data: { removed: resource } }
}
