import { clientMembers } from '../client/client-members.ts'
import { openManagement } from '../client/management.ts'
import { saveClient } from '../client/profile.ts'
import { resourcesOfScopes } from '../client/scopes.ts'
import { type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'

/** Registers a client. What is left out is the narrowest that works. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const clientId = operand(invocation, 'client_id')
  const management = await openManagement(invocation, terminal)
  const given = clientMembers(invocation, terminal)
  const resources = given.resources ?? (await resourcesOfScopes(management, given.scopes ?? []))
  const grant_types =
    given.grant_types ??
    (given.redirect_uris === undefined ? ['client_credentials'] : ['authorization_code', 'refresh_token'])
  const body = { client_id: clientId, client_name: clientId, ...given, grant_types, resources }
  const { body: client } = await management.post('/clients', body)
  const secret = typeof client.client_secret === 'string' ? client.client_secret : undefined
  const saved = invocation.flags.has('save') && secret !== undefined
  if (saved) saveClient(terminal, savedOf(management.installation.issuer, clientId, secret, client))
  const lines = [`${clientId} added.${secret === undefined ? '' : ` Secret (once): ${secret}`}`]
  if (grant_types.includes('client_credentials'))
    lines.push(`Next: ${nextCommand(clientId, secret !== undefined && !saved)}`)
  return {
    text: lines.join('\n'),
    data: client,
    variables: { SALLYPORT_CLIENT_ID: clientId, ...(secret === undefined ? {} : { SALLYPORT_CLIENT_SECRET: secret }) },
  }
}

const nextCommand = (clientId: string, needsSecret: boolean): string =>
  `${needsSecret ? 'SALLYPORT_CLIENT_SECRET=… ' : ''}sallyport token get --as ${clientId}`

/** What the profile keeps of a client, for `token get`. */
export function savedOf(issuer: string, clientId: string, secret: string, client: Readonly<Record<string, unknown>>) {
  const method = String(client.token_endpoint_auth_method)
  return { issuer, client_id: clientId, client_secret: secret, token_endpoint_auth_method: method }
}
