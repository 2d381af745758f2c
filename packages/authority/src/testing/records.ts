import type { AuthorizationCode } from '../authorization-code.ts'
import type { Client } from '../client.ts'
import type { Resource } from '../resource.ts'

/** A client with nothing granted, for rules that read little of it. */
export const clientRecord = (changes: Partial<Client> = {}): Client => ({
  client_id: 'app',
  client_name: 'App',
  application_type: 'web',
  token_endpoint_auth_method: 'none',
  secrets: [],
  grant_types: [],
  redirect_uris: [],
  post_logout_redirect_uris: [],
  scopes: [],
  resources: [],
  dpop_bound_access_tokens: false,
  require_dpop_nonce: false,
  refresh_token_rotation: true,
  consent: 'ask',
  disabled: false,
  created_at: 0,
  ...changes,
})

export const resourceRecord = (changes: Partial<Resource> = {}): Resource => ({
  resource: 'https://api.example',
  name: 'API',
  token_format: 'jwt',
  signing_alg: 'ES256',
  scopes: [],
  require_sender_constraint: false,
  include_roles: false,
  introspection_clients: [],
  ...changes,
})

export const codeRecord = (changes: Partial<AuthorizationCode> = {}): AuthorizationCode => ({
  secret_hash: '',
  client_id: 'app',
  redirect_uri: 'https://app.example/cb',
  code_challenge: '',
  scope: [],
  resources: [],
  subject: 'user_1',
  session: 's',
  grant: 'grant_1',
  family: 'fam_1',
  auth_time: 0,
  acr: 'urn:sallyport:acr:password',
  amr: [],
  issued_at: 0,
  ...changes,
})
