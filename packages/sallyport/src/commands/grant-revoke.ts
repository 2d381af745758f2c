import { openManagement } from '../client/management.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const grant = operand(invocation, 'grant')
  const { body } = await (await openManagement(invocation, terminal)).remove(`/grants/${encodeURIComponent(grant)}`)
  return {
    text: `${grant} is revoked, and with it ${body.revoked_families} token families.`,
    data: { grant, ...body },
  }
}
