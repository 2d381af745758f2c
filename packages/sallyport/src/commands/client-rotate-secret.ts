import { openManagement } from '../client/management.ts'
import { saveClient } from '../client/profile.ts'
import { flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import { shownTime } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { savedOf } from './client-add.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const clientId = operand(invocation, 'client_id')
  const rest = flag(invocation, 'previous-expires-in')
  const management = await openManagement(invocation, terminal)
  const path = `/clients/${encodeURIComponent(clientId)}/secrets`
  const { body } = await management.post(path, rest === undefined ? {} : { previous_expires_in: Number(rest) })
  const secret = String(body.client_secret)
  if (invocation.flags.has('save'))
    saveClient(terminal, savedOf(management.installation.issuer, clientId, secret, body))
  const ends = Array.isArray(body.secrets)
    ? body.secrets.map(each => Object(each).expires_at).find(Number.isInteger)
    : undefined
  const before = ends === undefined ? 'The former one ended now.' : `The former one works until ${shownTime(ends)}.`
  return {
    text: `New secret (once): ${secret}\n${before}`,
    data: body,
    variables: { SALLYPORT_CLIENT_ID: clientId, SALLYPORT_CLIENT_SECRET: secret },
  }
}
