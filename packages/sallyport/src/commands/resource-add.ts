import { openManagement } from '../client/management.ts'
import { flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const resource = operand(invocation, 'resource')
  const scopes = (invocation.flags.get('scope') ?? []).map(text => {
    const equals = text.indexOf('=')
    const scope = equals < 0 ? text : text.slice(0, equals)
    return { scope, description: equals < 0 ? scope : text.slice(equals + 1) }
  })
  const format = flag(invocation, 'format')
  const management = await openManagement(invocation, terminal)
  const described = { resource, name: flag(invocation, 'name') ?? resource, scopes }
  const { body } = await management.post('/resources', {
    ...described,
    ...(format === undefined ? {} : { token_format: format }),
  })
  const next = `guard({ issuer: '${management.installation.issuer}', resource: '${resource}' })`
  return { text: `${resource} added.\nNext: ${next}`, data: body }
}
