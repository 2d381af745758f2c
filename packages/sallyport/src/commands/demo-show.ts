import { demoOf, homeOf } from '../client/installation.ts'
import type { Invocation, Outcome } from '../command-line/command.ts'
import { table } from '../command-line/render.ts'
import type { Terminal } from '../command-line/terminal.ts'

export async function run(invocation: Invocation, terminal: Terminal): Promise<Outcome> {
  const home = homeOf(invocation, terminal)
  const demo = demoOf(home)
  const users = demo.users.map(user => [user.username, user.password, user.roles.join(' ')])
  const clients = demo.clients.map(client => [client.client_id, client.token_endpoint_auth_method, client.scope])
  const text = [
    table(['user', 'password', 'roles'], users),
    '',
    table(['client', 'proves itself by', 'scope'], clients),
    '',
    `Secrets and keys of the clients: ${home.demo}`,
  ].join('\n')
  return { text, data: { ...demo } }
}
