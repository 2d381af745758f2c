import { existsSync } from 'node:fs'
import { exportPrivateJwk, generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { type ClientMembers, clientMembers } from '../client/client-members.ts'
import { openManagement } from '../client/management.ts'
import { saveClient } from '../client/profile.ts'
import { resourcesOfScopes } from '../client/scopes.ts'
import { CommandFailure, type Invocation, type Outcome, operand } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { clientKeyFile } from '../home/client-key.ts'
import { writePrivateFile } from '../home/private-file.ts'

/** Registers a client. What is left out is the narrowest that works. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const clientId = operand(invocation, 'client_id')
  const management = await openManagement(invocation, terminal)
  const given = clientMembers(invocation, terminal)
  const resources = given.resources ?? (await resourcesOfScopes(management, given.scopes ?? []))
  const grant_types =
    given.grant_types ??
    (given.redirect_uris === undefined ? ['client_credentials'] : ['authorization_code', 'refresh_token'])
  const { home } = management.installation
  const isKeySaved = invocation.flags.has('save') && provesByKey(given) && given.jwks === undefined
  const key = isKeySaved ? newKey(clientKeyFile(home, clientId)) : undefined
  const jwks = key === undefined ? {} : { jwks: { keys: [key.publicJwk] } }
  const body = { client_id: clientId, client_name: clientId, ...given, ...jwks, grant_types, resources }
  const { body: client } = await management.post('/clients', body)
  const secret = typeof client.client_secret === 'string' ? client.client_secret : undefined
  const saved = invocation.flags.has('save') && secret !== undefined
  if (saved) saveClient(terminal, savedOf(management.installation.issuer, clientId, secret, client))
  if (key !== undefined) writePrivateFile(clientKeyFile(home, clientId), `${JSON.stringify(exportPrivateJwk(key))}\n`)
  const lines = [`${clientId} added.${secret === undefined ? '' : ` Secret (once): ${secret}`}`]
  if (key !== undefined) lines.push(`Its private key: ${clientKeyFile(home, clientId)}`)
  else if (grant_types.includes('client_credentials'))
    lines.push(`Next: ${nextCommand(clientId, secret !== undefined && !saved)}`)
  return {
    text: lines.join('\n'),
    data: client,
    variables: { SALLYPORT_CLIENT_ID: clientId, ...(secret === undefined ? {} : { SALLYPORT_CLIENT_SECRET: secret }) },
  }
}

const provesByKey = (given: ClientMembers): boolean => given.token_endpoint_auth_method === 'private_key_jwt'

/** A key for a file that is not there yet: a part that runs may have the one that is. */
function newKey(path: string): SigningKey {
  if (!existsSync(path)) return generateSigningKey('ES256')
  throw new CommandFailure({
    failed: 'failed',
    code: 'key_file_exists',
    message: `${path} is there already.`,
    hint: 'Move it away, or register its public half with --jwk.',
  })
}

const nextCommand = (clientId: string, needsSecret: boolean): string =>
  `${needsSecret ? 'SALLYPORT_CLIENT_SECRET=… ' : ''}sallyport token get --as ${clientId}`

/** What the profile keeps of a client, for `token get`. */
export function savedOf(issuer: string, clientId: string, secret: string, client: Readonly<Record<string, unknown>>) {
  const method = String(client.token_endpoint_auth_method)
  return { issuer, client_id: clientId, client_secret: secret, token_endpoint_auth_method: method }
}
