import { clientMembers } from '../client/client-members.ts'
import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const clientId = operand(invocation, 'client_id')
  const disable = invocation.flags.has('disable')
  const change = {
    ...clientMembers(invocation, terminal),
    ...(disable || invocation.flags.has('enable') ? { disabled: disable } : {}),
  }
  if (Object.keys(change).length === 0) {
    return {
      failed: 'usage',
      code: 'usage',
      message: 'Nothing to change was named.',
      hint: 'sallyport client set --help shows the flags.',
    }
  }
  const management = await openManagement(invocation, terminal)
  const { body } = await management.change(`/clients/${encodeURIComponent(clientId)}`, () => change)
  return { text: `${clientId} changed: ${Object.keys(change).join(', ')}.`, data: body }
}
