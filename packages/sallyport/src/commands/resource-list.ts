import { openManagement } from '../client/management.ts'
import { scopeNames } from '../client/scopes.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const items = await (await openManagement(invocation, terminal)).all('/resources')
  const rows = items.map(each => [String(each.resource), String(each.token_format), scopeNames(each.scopes).join(' ')])
  return { text: table(['resource', 'tokens', 'scopes'], rows), data: { items } }
}
