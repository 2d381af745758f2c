import { type AuthorityContext, createAccount, findAccountByUsername, setPassword } from '@sallyport/authority'
import {
  exportPrivateJwk,
  generateSigningKey,
  importPrivateJwk,
  isRefusal,
  mintOpaqueToken,
  type PrivateJwk,
  parseOpaqueToken,
} from '@sallyport/credentials'
import type { Write } from '@sallyport/store'
import { CommandFailure } from '../command-line/command.ts'
import type { Home } from '../home/home.ts'
import type { Addresses } from './addresses.ts'
import { type DemoClientPlan, demoClientRecord, demoClients } from './clients.ts'
import { type DemoClient, type DemoFile, type DemoUser, readDemoFile, writeDemoFile } from './demo-file.ts'
import { randomPassword } from './password.ts'
import { demoResourceRecords } from './resources.ts'
import { demoUsers } from './users.ts'

/**
 * Makes the demo's users, clients and resources at the first start, with credentials of their own for each installation,
 * and writes them down. Later starts find them; one on other ports keeps the credentials and moves the addresses. The file
 * is written last: when a crash comes before it, the next start makes everything anew over what is there.
 *
 * @param shared  whether other homes serve from the same store: what one of them made is not made anew
 * @throws CommandFailure `demo_made_elsewhere` (exit 3)
 */
export async function seedDemo(
  context: AuthorityContext,
  home: Home,
  addresses: Addresses,
  shared: boolean,
): Promise<DemoFile> {
  const former = readDemoFile(home)
  if (former === undefined && shared && (await isSeeded(context))) throw madeElsewhere(home)
  if (former !== undefined && isAt(former, addresses)) return former
  const plans = demoClients(addresses)
  const clients = plans.map(plan => demoClient(plan, former, context))
  const users = await Promise.all(demoUsers.map(user => demoUser(user, former, context)))
  await context.store.commit([
    ...resourceWrites(addresses),
    ...plans.map((plan, index) => clientWrite(plan, clients[index], context)),
  ])
  const demo: DemoFile = {
    issuer: addresses.issuer,
    gateway: addresses.gateway,
    app: addresses.app,
    orders_api: addresses.ordersApi,
    users,
    clients,
  }
  writeDemoFile(home, demo)
  return demo
}

const isSeeded = async (context: AuthorityContext): Promise<boolean> =>
  (await context.store.peek('client', 'shop')) !== undefined

const madeElsewhere = (home: Home): CommandFailure =>
  new CommandFailure({
    failed: 'config',
    code: 'demo_made_elsewhere',
    message: 'The demo of this store was made from another data folder, which has its credentials.',
    expected: `its demo.json in ${home.folder}`,
    hint: 'Copy the file (mode 0600), or set demo.enabled: false.',
  })

const isAt = (demo: DemoFile, addresses: Addresses): boolean =>
  demo.issuer === addresses.issuer &&
  demo.gateway === addresses.gateway &&
  demo.app === addresses.app &&
  demo.orders_api === addresses.ordersApi

async function demoUser(
  wanted: (typeof demoUsers)[number],
  former: DemoFile | undefined,
  context: AuthorityContext,
): Promise<DemoUser> {
  const { username, name, email, roles } = wanted
  const known = former?.users.find(user => user.username === username)
  const account = await findAccountByUsername(context, username)
  if (known !== undefined && account !== undefined) return known
  const password = known?.password ?? randomPassword()
  const result =
    account === undefined
      ? await createAccount(context, { username, name, email, email_verified: true, roles, password })
      : await setPassword(context, account.id, password)
  if (isRefusal(result)) throw new Error(`the demo user ${username} was refused: ${result.refused}`)
  return { username, password, roles }
}

function demoClient(plan: DemoClientPlan, former: DemoFile | undefined, context: AuthorityContext): DemoClient {
  const { client, credential } = plan
  const known = former?.clients.find(each => each.client_id === client.client_id)
  const secret = known?.client_secret ?? mintOpaqueToken('cs', { nowMs: context.nowMs(), random: context.random }).token
  const jwk = known?.private_jwk ?? exportPrivateJwk(generateSigningKey('ES256'))
  return {
    client_id: client.client_id,
    ...(credential === 'secret' ? { client_secret: secret } : {}),
    ...(credential === 'key' ? { private_jwk: jwk } : {}),
    token_endpoint_auth_method: client.token_endpoint_auth_method,
    grant_types: client.grant_types,
    ...(client.redirect_uris.length === 0 ? {} : { redirect_uris: client.redirect_uris }),
    ...(client.post_logout_redirect_uris.length === 0
      ? {}
      : { post_logout_redirect_uris: client.post_logout_redirect_uris }),
    scope: client.scopes.join(' '),
    resource: client.resources[0] ?? '',
    resources: client.resources,
  }
}

function clientWrite(plan: DemoClientPlan, made: DemoClient | undefined, context: AuthorityContext): Write {
  const secretHash =
    made?.client_secret === undefined ? undefined : parseOpaqueToken(made.client_secret, 'cs')?.secretHash
  const publicJwk = made?.private_jwk === undefined ? undefined : publicHalf(made.private_jwk)
  const value = demoClientRecord(plan, {
    ...(secretHash === undefined ? {} : { secretHash }),
    ...(publicJwk === undefined ? {} : { publicJwk }),
    createdAt: context.now(),
  })
  return { put: { kind: 'client', key: value.client_id, value } }
}

function publicHalf(jwk: PrivateJwk) {
  const key = importPrivateJwk(jwk, 'ES256')
  if (isRefusal(key)) throw new Error('a demo client has a key that is none')
  return key.publicJwk
}

function resourceWrites(addresses: Addresses): readonly Write[] {
  return demoResourceRecords(addresses).map(value => ({ put: { kind: 'resource', key: value.resource, value } }))
}
