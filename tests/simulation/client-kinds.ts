import { createPrivateKey } from 'node:crypto'
import {
  clientAssertionType,
  createDpopProof,
  importPrivateJwk,
  mintOpaqueToken,
  type SigningKey,
  signJwtNow,
} from '@sallyport/credentials'
import type { Client } from '../../packages/authority/src/client.ts'
import type { Resource } from '../../packages/authority/src/resource.ts'
import type { TokenRequest } from '../../packages/authority/src/token-request.ts'
import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'

/**
 * `bearer` and `dpop` are public clients, `rotating` and `fixed` confidential ones, `machine` has no user. `fixed` and
 * `machine` prove themselves by private_key_jwt, and the refresh tokens of `fixed` stay as they are.
 */
export type ClientKind = 'bearer' | 'dpop' | 'rotating' | 'fixed' | 'machine'

export const issuer = 'https://issuer.example'
export const opaqueApi = 'https://opaque.example'
export const jwtApi = 'https://jwt.example'
export const scope = ['read:orders']

/** A registered client with what it proves itself with. */
export interface RegisteredClient {
  readonly kind: ClientKind
  readonly client: Client
  readonly secret: string
  readonly key: SigningKey
}

/** Ed25519 signs alike each time (RFC 8032 §5.1.6), so that a seed replays byte for byte. */
export function seededKey(random: SeededRandom): SigningKey {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), random.bytes(32)])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const key = importPrivateJwk({ ...privateKey.export({ format: 'jwk' }) }, 'EdDSA')
  if ('refused' in key) throw new Error(`a seeded key was refused: ${key.got}`)
  return key
}

export function register(kind: ClientKind, name: string, random: SeededRandom, schedule: Schedule): RegisteredClient {
  const secret = mintOpaqueToken('cs', { nowMs: schedule.nowMs, random: length => random.bytes(length) })
  const key = seededKey(random)
  const client: Client = {
    client_id: name,
    client_name: name,
    application_type: 'web',
    token_endpoint_auth_method: methods[kind],
    secrets: kind === 'rotating' ? [{ hash: secret.secretHash, created_at: schedule.nowSeconds }] : [],
    ...(methods[kind] === 'private_key_jwt' ? { jwks: { keys: [key.publicJwk] } } : {}),
    grant_types: kind === 'machine' ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    redirect_uris: [`https://${name}.example/cb`],
    post_logout_redirect_uris: [],
    scopes: [...scope, 'openid'],
    resources: [opaqueApi, jwtApi],
    dpop_bound_access_tokens: kind === 'dpop',
    require_dpop_nonce: false,
    refresh_token_rotation: kind !== 'fixed',
    consent: 'implied',
    id_token_signed_response_alg: 'EdDSA',
    disabled: false,
    created_at: schedule.nowSeconds,
  }
  return { kind, client, secret: secret.token, key }
}

const methods: Readonly<Record<ClientKind, Client['token_endpoint_auth_method']>> = {
  bearer: 'none',
  dpop: 'none',
  rotating: 'client_secret_post',
  fixed: 'private_key_jwt',
  machine: 'private_key_jwt',
}

/** The APIs of a run: one for opaque tokens and one for JWTs. */
export const apis: readonly Resource[] = [
  { resource: opaqueApi, name: 'Opaque', token_format: 'opaque' as const },
  { resource: jwtApi, name: 'JWT', token_format: 'jwt' as const },
].map(api => ({
  ...api,
  signing_alg: 'EdDSA',
  scopes: [{ scope: 'read:orders', description: 'See your orders' }],
  require_sender_constraint: false,
  include_roles: false,
  introspection_clients: ['api'],
}))

/** A request to an endpoint of the authority, authenticated as this client in its registered way. */
export function requestBy(
  registered: RegisteredClient,
  parameters: Readonly<Record<string, string>>,
  made: { readonly random: SeededRandom; readonly schedule: Schedule; readonly proofKey?: SigningKey },
): TokenRequest {
  const { random, schedule, proofKey } = made
  const proof =
    proofKey &&
    createDpopProof(proofKey, { htm: 'POST', htu: `${issuer}/token`, iat: schedule.nowSeconds, jti: random.text() })
  return {
    parameters: new Map(Object.entries({ ...authentication(registered, random, schedule), ...parameters })),
    resources: [],
    authorization: undefined,
    proofs: proof === undefined ? [] : [proof],
    url: `${issuer}/token`,
    requestId: random.text().slice(0, 8),
  }
}

function authentication(
  registered: RegisteredClient,
  random: SeededRandom,
  schedule: Schedule,
): Record<string, string> {
  const { client_id, token_endpoint_auth_method } = registered.client
  if (token_endpoint_auth_method === 'none') return { client_id }
  if (token_endpoint_auth_method !== 'private_key_jwt') return { client_id, client_secret: registered.secret }
  const iat = schedule.nowSeconds
  const claims = { iss: client_id, sub: client_id, aud: issuer, iat, exp: iat + 60, jti: random.text() }
  const client_assertion = signJwtNow({ typ: 'JWT', claims, key: registered.key })
  return { client_assertion_type: clientAssertionType, client_assertion }
}
