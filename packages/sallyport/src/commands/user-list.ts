import { openManagement } from '../client/management.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const items = await (await openManagement(invocation, terminal)).all('/users')
  const rows = items.map(user => [
    `${user.username}${user.disabled === true ? ' (disabled)' : ''}`,
    String(user.name ?? ''),
    Array.isArray(user.roles) ? user.roles.join(' ') : '',
    String(user.id),
  ])
  return { text: table(['user', 'name', 'roles', 'subject'], rows), data: { items } }
}
