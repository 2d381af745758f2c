import type { Client } from '@sallyport/authority'
import type { PublicJwk } from '@sallyport/credentials'
import { type Addresses, demoResources } from './addresses.ts'
import { orderScopes } from './resources.ts'

/** Who proves itself how: what a demo client has to be given when it is made. */
export type DemoCredential = 'none' | 'secret' | 'key'

export interface DemoClientPlan {
  readonly credential: DemoCredential
  readonly client: Omit<Client, 'secrets' | 'jwks' | 'created_at'>
}

const userScopes = ['openid', 'profile', 'email', 'offline_access', ...orderScopes]
const codeGrants = ['authorization_code', 'refresh_token'] as const
const usual = {
  application_type: 'web',
  redirect_uris: [],
  post_logout_redirect_uris: [],
  dpop_bound_access_tokens: false,
  require_dpop_nonce: false,
  refresh_token_rotation: true,
  consent: 'ask',
  disabled: false,
  publisher: 'Sallyport demo',
} as const satisfies Partial<Client>

/** The clients of the demo (DESIGN §5). */
export function demoClients(addresses: Addresses): readonly DemoClientPlan[] {
  const { outside, inside } = demoResources(addresses)
  const both = [outside, inside]
  return [
    {
      credential: 'key',
      client: {
        ...usual,
        client_id: 'shop',
        client_name: 'Harbour Supplies',
        client_uri: addresses.app,
        token_endpoint_auth_method: 'private_key_jwt',
        grant_types: codeGrants,
        redirect_uris: [`${addresses.app}/bff/callback`],
        post_logout_redirect_uris: [`${addresses.app}/`],
        scopes: userScopes,
        resources: [outside],
        dpop_bound_access_tokens: true,
      },
    },
    {
      credential: 'secret',
      client: {
        ...usual,
        client_id: 'web-app',
        client_name: 'Web app',
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: codeGrants,
        redirect_uris: ['http://localhost:4500/callback', 'http://127.0.0.1:4500/callback'],
        post_logout_redirect_uris: ['http://localhost:4500/'],
        scopes: userScopes,
        resources: both,
      },
    },
    {
      credential: 'none',
      client: {
        ...usual,
        client_id: 'spa',
        client_name: 'Browser app',
        token_endpoint_auth_method: 'none',
        grant_types: codeGrants,
        redirect_uris: ['http://localhost:4600/callback', 'http://127.0.0.1:4600/callback'],
        post_logout_redirect_uris: ['http://localhost:4600/'],
        scopes: userScopes,
        resources: both,
      },
    },
    {
      credential: 'none',
      client: {
        ...usual,
        client_id: 'terminal',
        client_name: 'sallyport command line',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: codeGrants,
        redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
        scopes: userScopes,
        resources: both,
      },
    },
    machine('nightly', 'Nightly report', 'secret', both),
    machine('reporter', 'Reporter', 'key', both),
    service('gateway', 'Gateway', ['urn:ietf:params:oauth:grant-type:token-exchange'], both),
    service('orders-api', 'Orders API', ['client_credentials'], []),
  ]
}

function machine(id: string, name: string, credential: 'secret' | 'key', resources: readonly string[]): DemoClientPlan {
  const client: DemoClientPlan['client'] = {
    ...usual,
    client_id: id,
    client_name: name,
    token_endpoint_auth_method: credential === 'secret' ? 'client_secret_basic' : 'private_key_jwt',
    grant_types: ['client_credentials'],
    scopes: ['read:orders'],
    resources,
  }
  return { credential, client }
}

/** A part of the system that asks on its own behalf; it has no scope of its own. */
function service(
  id: string,
  name: string,
  grant_types: Client['grant_types'],
  resources: readonly string[],
): DemoClientPlan {
  const client: DemoClientPlan['client'] = {
    ...usual,
    client_id: id,
    client_name: name,
    token_endpoint_auth_method: 'private_key_jwt',
    grant_types,
    scopes: grant_types.includes('client_credentials') ? [] : [...orderScopes],
    resources,
    consent: 'implied',
  }
  return { credential: 'key', client }
}

/** The record as it is stored, with what proves the client. */
export function demoClientRecord(
  plan: DemoClientPlan,
  given: { readonly secretHash?: string; readonly publicJwk?: PublicJwk; readonly createdAt: number },
): Client {
  const { secretHash, publicJwk, createdAt } = given
  return {
    ...plan.client,
    secrets: secretHash === undefined ? [] : [{ hash: secretHash, created_at: createdAt }],
    ...(publicJwk === undefined ? {} : { jwks: { keys: [publicJwk] } }),
    created_at: createdAt,
  }
}
