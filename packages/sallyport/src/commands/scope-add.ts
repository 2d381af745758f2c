import { openManagement } from '../client/management.ts'
import { flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { scopesBut, theResource } from './scope-remove.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const scope = operand(invocation, 'scope')
  const management = await openManagement(invocation, terminal)
  const resource = await theResource(invocation, management)
  const added = {
    scope,
    description: flag(invocation, 'sentence') ?? scope,
    ...(invocation.flags.has('sender-constraint') ? { require_sender_constraint: true } : {}),
  }
  const { body } = await management.change(`/resources/${encodeURIComponent(resource)}`, before => ({
    scopes: [...scopesBut(before, scope), added],
  }))
  return { text: `${scope} added to ${resource}.`, data: body }
}
