import { importPrivateJwk, isRefusal } from '@sallyport/credentials'
import { nearest } from '@sallyport/server/nearest'
import { type Installation, installationOf } from '../client/installation.ts'
import { findSavedClient } from '../client/profile.ts'
import { signIn } from '../client/sign-in.ts'
import { type ClientProof, type GotToken, requestToken } from '../client/token-endpoint.ts'
import { CommandFailure, flag, flagList, type Invocation, type Outcome } from '../command-line/command.ts'
import type { Terminal } from '../command-line/terminal.ts'
import { type DemoClient, readDemoFile } from '../demo/demo-file.ts'
import { partClientKey } from '../home/client-key.ts'

/** The client that signs people in from a terminal. */
const terminalClient = 'terminal'

/** Gets a token by the same way as everyone: sign-in pages for a user, the token endpoint for a client. */
export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const { home, issuer } = installationOf(invocation, terminal)
  const name = flag(invocation, 'as')
  const demo = readDemoFile(home)
  const users = demo?.users ?? []
  const clients = demo?.clients ?? []
  const known = [...users.map(user => user.username), ...clients.filter(isMachine).map(client => client.client_id)]
  if (name === undefined) return whoIsMeant(known)
  const scopes = flagList(invocation, 'scope')
  const scope = scopes.length === 0 ? undefined : scopes.join(' ')
  const resource = flag(invocation, 'resource')
  const user = users.find(each => each.username === name)
  if (user !== undefined) {
    return shown(await signIn({ issuer, clientId: terminalClient, ...user, scope: scope ?? 'read:orders', resource }))
  }
  const client = clients.find(each => each.client_id === name)
  const proof = client === undefined ? savedProof(terminal, { home, issuer }, name) : demoProof(client, terminal)
  if (proof === undefined) return notKnown(name, known)
  return shown(await requestToken(issuer, proof, { grant_type: 'client_credentials', scope, resource }))
}

const isMachine = (client: DemoClient): boolean =>
  client.grant_types.includes('client_credentials') && client.scope !== ''

function demoProof(client: DemoClient, terminal: Terminal): ClientProof {
  const { client_id: clientId, client_secret: secret, private_jwk: jwk, token_endpoint_auth_method: method } = client
  const given = terminal.environment.SALLYPORT_CLIENT_SECRET
  if (given !== undefined && given !== '') return { clientId, kind: 'secret', secret: given, method }
  if (secret !== undefined) return { clientId, kind: 'secret', secret, method }
  const key = importPrivateJwk(jwk, 'ES256')
  return isRefusal(key) ? { clientId, kind: 'none' } : { clientId, kind: 'key', key }
}

/** A client outside the demo: its secret comes from the environment or the caller's own profile, its key from the home (`--save`). */
function savedProof(terminal: Terminal, { home, issuer }: Installation, clientId: string): ClientProof | undefined {
  const given = terminal.environment.SALLYPORT_CLIENT_SECRET
  if (given !== undefined && given !== '')
    return { clientId, kind: 'secret', secret: given, method: 'client_secret_basic' }
  const saved = findSavedClient(terminal, issuer, clientId)
  const key = saved === undefined ? partClientKey(home, clientId, undefined) : undefined
  if (key !== undefined) return { clientId, kind: 'key', key }
  if (saved === undefined) return undefined
  return { clientId, kind: 'secret', secret: saved.client_secret, method: saved.token_endpoint_auth_method }
}

function shown(token: GotToken): Outcome {
  return { text: token.access_token, data: { ...token }, variables: { ACCESS_TOKEN: token.access_token } }
}

function whoIsMeant(known: readonly string[]): never {
  throw new CommandFailure({
    failed: 'usage',
    code: 'usage',
    message: 'Whose token is meant?',
    expected: known.map(name => `--as ${name}`).join(', '),
  })
}

function notKnown(name: string, known: readonly string[]): never {
  throw new CommandFailure({
    failed: 'usage',
    code: 'unknown_name',
    message: `There is no user of the demo and no saved client named ${name}.`,
    expected: nearest(name, known) ?? known.join(', '),
    got: name,
    hint: 'A client of your own: give SALLYPORT_CLIENT_SECRET, or register it with client add --save.',
  })
}
