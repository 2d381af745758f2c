import { openManagement } from '../client/management.ts'
import { presentedToken } from '../client/presented-token.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const management = await openManagement(invocation, terminal)
  const { body } = await management.post('/tokens/revoke', { token: presentedToken(invocation) })
  if (body.revoked !== true)
    return { text: `It was not live any more (${body.reason ?? 'revoked before'}).`, data: body }
  const family = body.kind === 'refresh_token' ? ' With it, every token of its family.' : ''
  return { text: `Revoked.${family} Gateway and guards refuse it within a second.`, data: body }
}
