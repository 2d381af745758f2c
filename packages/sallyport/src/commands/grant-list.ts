import { openManagement } from '../client/management.ts'
import { subjectOf } from '../client/subject.ts'
import { flag, type Invocation, type Outcome } from '../command-line/command.ts'
import { shownTime, table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const management = await openManagement(invocation, terminal)
  const user = flag(invocation, 'user')
  const client = flag(invocation, 'client')
  const query = new URLSearchParams()
  if (user !== undefined) query.set('subject', (await subjectOf(management, user)) ?? user)
  if (client !== undefined) query.set('client_id', client)
  const items = await management.all(query.size === 0 ? '/grants' : `/grants?${query}`)
  const rows = items.map(grant => [
    `${grant.id}${grant.revoked_at === undefined ? '' : ' (revoked)'}`,
    String(grant.subject),
    String(grant.client_id),
    Object.values(Object(grant.scopes)).flat().join(' '),
    shownTime(Number(grant.created_at)),
  ])
  return { text: table(['grant', 'subject', 'client', 'scopes', 'since'], rows), data: { items } }
}
