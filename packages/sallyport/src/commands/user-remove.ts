import { openManagement } from '../client/management.ts'
import { subjectOf } from '../client/subject.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const username = operand(invocation, 'username')
  const management = await openManagement(invocation, terminal)
  const subject = await subjectOf(management, username)
  if (subject !== undefined) await management.remove(`/users/${subject}`)
  return {
    text: `${username} is not there any more; sessions and tokens are over.`,
    data: { removed: username, subject },
  }
}
