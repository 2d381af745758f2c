import { openManagement } from '../client/management.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { shownTime, table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const { body } = await (await openManagement(invocation, terminal)).get('/keys')
  const items = Array.isArray(body.items) ? body.items.map(each => Object(each)) : []
  const time = (value: unknown): string => (typeof value === 'number' ? shownTime(value) : '')
  const rows = items.map(key => [key.kid, key.alg, key.state, time(key.signs_from), time(key.verifies_until)])
  return { text: table(['key', 'alg', 'state', 'signs from', 'verifies until'], rows), data: body }
}
