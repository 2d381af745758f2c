import { openManagement } from '../client/management.ts'
import { presentedToken } from '../client/presented-token.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { members } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const management = await openManagement(invocation, terminal)
  const { body } = await management.post('/tokens/inspect', { token: presentedToken(invocation) })
  const { active, kind, format, reason, claims, family } = body
  const head =
    active === true
      ? `Live: a${format === 'jwt' ? ' JWT' : 'n opaque'} ${String(kind).replace('_', ' ')}.`
      : `Not live: ${reason}.`
  const facts = claims ?? family
  const rest =
    typeof facts === 'object' && facts !== null ? `\n${members(Object.fromEntries(Object.entries(facts)))}` : ''
  return { text: `${head}${rest}`, data: body }
}
