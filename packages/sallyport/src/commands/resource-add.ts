import { openManagement } from '../client/management.ts'
import { flag, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { gatewayClientId } from '../home/gateway-client.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const resource = operand(invocation, 'resource')
  const scopes = (invocation.flags.get('scope') ?? []).map(text => {
    const equals = text.indexOf('=')
    const scope = equals < 0 ? text : text.slice(0, equals)
    return { scope, description: equals < 0 ? scope : text.slice(equals + 1) }
  })
  const inside = flag(invocation, 'inside')
  const format = flag(invocation, 'format') ?? (inside === undefined ? undefined : 'opaque')
  const management = await openManagement(invocation, terminal)
  const described = { resource, name: flag(invocation, 'name') ?? resource, scopes }
  const { body } = await management.post('/resources', {
    ...described,
    ...(format === undefined ? {} : { token_format: format }),
    ...(inside === undefined ? {} : behindGateway(inside)),
  })
  const next = `guard({ issuer: '${management.installation.issuer}', resource: '${inside ?? resource}' })`
  return { text: `${resource} added.\nNext: ${next}`, data: body }
}

/** The gateway may ask about tokens for it, and swap them for tokens of the service behind. */
const behindGateway = (audience: string) => ({
  introspection_clients: [gatewayClientId],
  phantom: { client_id: gatewayClientId, audience },
})
