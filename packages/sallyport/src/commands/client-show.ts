import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import { members } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const management = await openManagement(invocation, terminal)
  const { body } = await management.get(`/clients/${encodeURIComponent(operand(invocation, 'client_id'))}`)
  return { text: members(body), data: body }
}
