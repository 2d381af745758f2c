import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const clientId = operand(invocation, 'client_id')
  const management = await openManagement(invocation, terminal)
  await management.remove(`/clients/${encodeURIComponent(clientId)}`)
  return { text: `${clientId} is not registered any more; its tokens are refused.`, data: { removed: clientId } }
}
