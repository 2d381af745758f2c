import { generateSigningKey, mintOpaqueToken, type SigningKey } from '@sallyport/credentials'
import type { Write } from '@sallyport/store'
import type { Account } from '../account.ts'
import type { Client } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import type { Grant } from '../grant.ts'
import type { Resource } from '../resource.ts'
import type { Session } from '../session.ts'

export type ClientName = 'webApp' | 'spa' | 'nativeApp' | 'nightly' | 'reporter' | 'gateway' | 'ordersApi' | 'strict'

/** What a harness holds: clients of each kind with their secrets and keys, two resources, alice with a session and grants. */
export interface Seeded {
  readonly clients: Readonly<Record<ClientName, Client>>
  /** Secrets by client_id, for those that have one. */
  readonly secrets: Readonly<Record<string, string>>
  /** Keys by client_id, for those with private_key_jwt. */
  readonly clientKeys: Readonly<Record<string, SigningKey>>
  readonly resources: { readonly gateway: Resource; readonly orders: Resource }
  readonly account: Account
  readonly session: Session
  grantOf(client: Client): Grant
}

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const inside = 'http://localhost:4300'
const outside = 'http://localhost:4100/orders'

/** The demo's shape (CONTRACTS "demo"), with one client that needs DPoP with nonces. */
export async function seed(context: AuthorityContext): Promise<Seeded> {
  const secrets: Record<string, string> = {}
  const clientKeys: Record<string, SigningKey> = {}
  const client = (client_id: string, kind: ClientKind): Client => {
    const secret = mintOpaqueToken('cs', { nowMs: context.nowMs(), random: context.random })
    const withSecret = kind.method === 'client_secret_basic' || kind.method === 'client_secret_post'
    if (withSecret) secrets[client_id] = secret.token
    if (kind.method === 'private_key_jwt') clientKeys[client_id] = generateSigningKey('ES256')
    const key = clientKeys[client_id]
    return {
      client_id,
      client_name: client_id,
      application_type: kind.native ? 'native' : 'web',
      token_endpoint_auth_method: kind.method,
      secrets: withSecret ? [{ hash: secret.secretHash, created_at: context.now() }] : [],
      ...(key === undefined ? {} : { jwks: { keys: [key.publicJwk] } }),
      grant_types: kind.grants,
      redirect_uris: kind.redirect === undefined ? [] : [kind.redirect],
      post_logout_redirect_uris: [],
      scopes: kind.scopes ?? [],
      resources: kind.resources ?? [],
      dpop_bound_access_tokens: kind.dpop ?? false,
      require_dpop_nonce: kind.dpop ?? false,
      refresh_token_rotation: kind.rotates ?? true,
      consent: 'ask',
      disabled: false,
      created_at: context.now(),
    }
  }
  const scopes = ['openid', 'profile', 'email', 'read:orders', 'write:orders']
  const code = { grants: ['authorization_code', 'refresh_token'], scopes, resources: [outside, inside] } as const
  const machine = { grants: ['client_credentials'], scopes: ['read:orders'], resources: [outside, inside] } as const
  const clients: Seeded['clients'] = {
    webApp: client('web-app', { ...code, method: 'client_secret_basic', redirect: 'http://localhost:4200/cb' }),
    spa: client('spa', { ...code, method: 'none', redirect: 'http://localhost:4201/cb' }),
    nativeApp: client('native-app', { ...code, method: 'none', redirect: 'http://127.0.0.1/cb', native: true }),
    nightly: client('nightly', { ...machine, method: 'client_secret_post' }),
    reporter: client('reporter', { ...machine, method: 'private_key_jwt' }),
    gateway: client('gateway', { method: 'private_key_jwt', grants: [exchange] }),
    ordersApi: client('orders-api', { method: 'private_key_jwt', grants: [] }),
    strict: client('strict', {
      ...code,
      method: 'private_key_jwt',
      redirect: 'https://strict.example/cb',
      dpop: true,
      rotates: false,
    }),
  }
  const resources = { gateway: gatewayResource(), orders: ordersResource() }
  const account = await aliceOf(context)
  const session = sessionOf(account, context)
  const grants = new Map(Object.values(clients).map(each => [each.client_id, grantOf(each, account, context)]))
  await context.store.commit([
    ...Object.values(clients).map(value => put('client', value.client_id, value)),
    ...Object.values(resources).map(value => put('resource', value.resource, value)),
    put('account', account.id, account, { username: account.username }),
    put('session', session.id, session, { account: account.id }),
    ...[...grants.values()].map(value =>
      put('grant', value.id, value, { subject: value.subject, subject_client: `${value.subject} ${value.client_id}` }),
    ),
  ])
  return {
    clients,
    secrets,
    clientKeys,
    resources,
    account,
    session,
    grantOf: of => grants.get(of.client_id) ?? grantOf(of, account, context),
  }
}

interface ClientKind {
  readonly method: Client['token_endpoint_auth_method']
  readonly grants: Client['grant_types']
  readonly redirect?: string
  readonly scopes?: readonly string[]
  readonly resources?: readonly string[]
  readonly native?: boolean
  readonly dpop?: boolean
  readonly rotates?: boolean
}

const put = (kind: string, key: string, value: object, index?: Record<string, string>): Write => ({
  put: { kind, key, value, ...(index === undefined ? {} : { index }) },
})

function gatewayResource(): Resource {
  return {
    resource: outside,
    name: 'Orders',
    token_format: 'opaque',
    signing_alg: 'ES256',
    scopes: orderScopes,
    require_sender_constraint: false,
    include_roles: false,
    introspection_clients: ['gateway'],
    phantom: { client_id: 'gateway', audience: inside },
  }
}

function ordersResource(): Resource {
  return {
    resource: inside,
    name: 'Orders service',
    token_format: 'jwt',
    signing_alg: 'ES256',
    scopes: orderScopes,
    require_sender_constraint: false,
    include_roles: true,
    introspection_clients: ['orders-api'],
  }
}

const orderScopes: Resource['scopes'] = [
  { scope: 'read:orders', description: 'See your orders' },
  { scope: 'write:orders', description: 'Place and change orders', implies: ['read:orders'] },
]

async function aliceOf(context: AuthorityContext): Promise<Account> {
  return {
    id: 'user_alice0000000000001',
    username: 'alice',
    name: 'Alice Archer',
    email: 'alice@shop.example',
    email_verified: true,
    roles: ['customer'],
    password: await context.passwords.hash('correct horse battery staple'),
    disabled: false,
    created_at: context.now(),
  }
}

const sessionOf = (account: Account, context: AuthorityContext): Session => ({
  id: 'sessionOfAlice000001',
  sid: 'sessionOfAlice000001',
  secret_hash: 'A'.repeat(43),
  account: account.id,
  created_at: context.now(),
  auth_time: context.now(),
  acr: 'urn:sallyport:acr:password',
  amr: ['pwd'],
  user_agent: 'test',
  clients: [],
})

const grantOf = (client: Client, account: Account, context: AuthorityContext): Grant => ({
  id: `grant_${client.client_id}`,
  subject: account.id,
  client_id: client.client_id,
  scopes: {
    '': ['openid', 'profile', 'email'],
    [outside]: ['read:orders', 'write:orders'],
    [inside]: ['read:orders', 'write:orders'],
  },
  created_at: context.now(),
})
