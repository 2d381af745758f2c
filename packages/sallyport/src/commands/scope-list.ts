import { openManagement } from '../client/management.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const resources = await (await openManagement(invocation, terminal)).all('/resources')
  const items = resources.flatMap(({ resource, scopes }) =>
    Array.isArray(scopes) ? scopes.map(scope => ({ resource, ...Object(scope) })) : [],
  )
  const rows = items.map(each => [String(each.scope), String(each.resource), String(each.description)])
  return { text: table(['scope', 'resource', 'sentence'], rows), data: { items } }
}
