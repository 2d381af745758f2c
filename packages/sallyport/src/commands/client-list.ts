import { openManagement } from '../client/management.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const items = await (await openManagement(invocation, terminal)).all('/clients')
  const words = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : '')
  const rows = items.map(client => [
    `${client.client_id}${client.disabled === true ? ' (disabled)' : ''}`,
    words(client.grant_types).replaceAll('urn:ietf:params:oauth:grant-type:', ''),
    String(client.token_endpoint_auth_method),
    words(client.scopes),
  ])
  return { text: table(['client', 'grants', 'proves itself by', 'scopes'], rows), data: { items } }
}
