import { randomBytes } from 'node:crypto'
import { mintOpaqueToken, s256 } from '@sallyport/credentials'
import type { Client } from '../../packages/authority/src/client.ts'
import { argon2Passwords } from '../../packages/authority/src/http/password-hash.ts'
import type { Resource } from '../../packages/authority/src/resource.ts'
import { exchange, type Reply } from '../exchange.ts'
import { UserAgent } from '../user-agent.ts'
import { loadPostgres } from './load-postgres.ts'
import { loadSqlite } from './load-sqlite.ts'
import type { Place } from './loaded-store.ts'
import { type Population, population } from './population.ts'

const clientId = 'scale'
const redirectUri = 'http://localhost:4200/callback'
const resource = 'http://localhost:4100/orders'
const password = 'nine rivers and a bridge'

/** A store full of people, and what the authority that opens it can be asked. */
export interface People extends Population {
  readonly issuer: string
  /** The form of a request by the client, with its secret. */
  form(parameters: Readonly<Record<string, string>>): string
  ask(path: '/token' | '/introspect', parameters: Readonly<Record<string, string>>): Promise<Reply>
  /** Signs in on the pages, redeems the code. @returns the token endpoint's answer */
  signIn(user: number): Promise<Reply>
}

/** Fills the empty store at a place with users, for an authority at a port of this machine. */
export async function loadPeople(place: Place, users: number, port: number): Promise<People> {
  const now = Math.floor(Date.now() / 1000)
  const issuer = `http://localhost:${port}`
  const secret = mintOpaqueToken('cs', { nowMs: now * 1000, random: randomBytes })
  const people = population({
    users,
    issuer,
    now,
    passwordHash: await argon2Passwords().hash(password),
    client: clientOf(secret.secretHash, now),
    resource: opaqueResource,
  })
  await (place.postgres === undefined ? loadSqlite : loadPostgres)(place, people.records(), now)
  const form = (parameters: Readonly<Record<string, string>>) =>
    new URLSearchParams({ client_id: clientId, client_secret: secret.token, ...parameters }).toString()
  const ask: People['ask'] = (path, parameters) =>
    exchange(issuer + path, { method: 'POST', body: new URLSearchParams(form(parameters)) })
  const signIn = async (user: number) => {
    const verifier = randomBytes(32).toString('base64url')
    const asked = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'openid read:orders',
      resource,
      code_challenge: s256(verifier),
      code_challenge_method: 'S256',
    }
    const address = `${issuer}/authorize?${new URLSearchParams(asked)}`
    const redirect = await new UserAgent().authorize(address, redirectUri, {
      username: people.username(user),
      password,
    })
    const code = redirect.searchParams.get('code') ?? ''
    const redeemed = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
    return ask('/token', redeemed)
  }
  return { ...people, issuer, form, ask, signIn }
}

function clientOf(secretHash: string, now: number): Client {
  return {
    client_id: clientId,
    client_name: 'Scale',
    application_type: 'web',
    token_endpoint_auth_method: 'client_secret_post',
    secrets: [{ hash: secretHash, created_at: now }],
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [],
    scopes: ['openid', 'read:orders'],
    resources: [resource],
    dpop_bound_access_tokens: false,
    require_dpop_nonce: false,
    refresh_token_rotation: true,
    consent: 'ask',
    disabled: false,
    created_at: now,
  }
}

const opaqueResource: Resource = {
  resource,
  name: 'Orders',
  token_format: 'opaque',
  signing_alg: 'ES256',
  scopes: [{ scope: 'read:orders', description: 'See your orders' }],
  require_sender_constraint: false,
  include_roles: false,
  introspection_clients: [clientId],
}
