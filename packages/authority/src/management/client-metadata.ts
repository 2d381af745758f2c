import { importPublicJwk, isRefusal } from '@sallyport/credentials'
import type { Client, GrantType } from '../client.ts'
import type { AuthorityContext } from '../context.ts'
import { nearestName } from '../nearest-name.ts'
import type { Resource } from '../resource.ts'
import { listResources } from '../resources.ts'
import { judgeRedirectTarget } from '../rules/redirect-uri.ts'
import { openidScopes } from '../rules/scope.ts'
import { publicJwk } from './public-jwk.ts'
import type { Schema, ValueOf } from './schema.ts'
import { isManageScope, manageResource } from './scopes.ts'
import type { Issue } from './validate.ts'

const uri = { type: 'string', minLength: 1, maxLength: 2048 } as const
const scopeName = {
  type: 'string',
  pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,256}$',
  title: 'a scope name (RFC 6749 §3.3)',
} as const

/** What can be said of a client, under the names of RFC 7591 §2. */
export const clientMetadata = {
  client_name: { type: 'string', minLength: 1, maxLength: 200, description: 'The name that users see' },
  publisher: { type: 'string', minLength: 1, maxLength: 200, description: 'Who publishes it, as users see it' },
  client_uri: { ...uri, description: 'A page about it' },
  application_type: {
    type: 'string',
    enum: ['web', 'native'],
    default: 'web',
    description: 'OpenID Connect Registration §2',
  },
  token_endpoint_auth_method: {
    type: 'string',
    enum: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    default: 'client_secret_basic',
    description: 'How it proves who it is',
  },
  jwks: {
    type: 'object',
    description: 'Its public keys, for private_key_jwt (RFC 7517 §5)',
    properties: {
      keys: { type: 'array', items: { type: 'object', additionalProperties: true }, minItems: 1, maxItems: 10 },
    },
    required: ['keys'],
    additionalProperties: false,
  },
  grant_types: {
    type: 'array',
    items: {
      type: 'string',
      enum: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
    },
    minItems: 1,
    maxItems: 4,
    uniqueItems: true,
    description: 'The grants it may use',
  },
  redirect_uris: { type: 'array', items: uri, maxItems: 50, uniqueItems: true, description: 'Compared byte for byte' },
  post_logout_redirect_uris: { type: 'array', items: uri, maxItems: 50, uniqueItems: true },
  scopes: {
    type: 'array',
    items: scopeName,
    maxItems: 200,
    uniqueItems: true,
    description: 'The scopes it may ask for',
  },
  resources: {
    type: 'array',
    items: uri,
    maxItems: 50,
    uniqueItems: true,
    description: 'The resources it may ask tokens for; the first is meant when it names none',
  },
  dpop_bound_access_tokens: { type: 'boolean', default: false, description: 'RFC 9449 §5.2' },
  require_dpop_nonce: { type: 'boolean', default: false, description: 'RFC 9449 §8' },
  refresh_token_rotation: { type: 'boolean', default: true },
  consent: { type: 'string', enum: ['ask', 'implied'], default: 'ask' },
  require_signed_introspection: { type: 'boolean', default: false, description: 'RFC 9701' },
  id_token_signed_response_alg: {
    type: 'string',
    enum: ['ES256', 'PS256', 'RS256', 'EdDSA'],
    description: 'Of its ID tokens; ES256 when left out',
  },
  disabled: { type: 'boolean', default: false },
} as const satisfies Readonly<Record<string, Schema>>

export type ClientMetadata = ValueOf<typeof clientMetadataSchema>

/** A whole client, as it is after a change. */
export const clientMetadataSchema = {
  type: 'object',
  properties: clientMetadata,
  required: ['client_name', 'grant_types'],
  additionalProperties: false,
} as const

/** Metadata with what was left out filled in; the rest of the record (id, secrets, creation) is the caller's. */
export function completeMetadata(given: ClientMetadata): Omit<Client, 'client_id' | 'secrets' | 'created_at'> {
  const { jwks, ...rest } = given
  return {
    application_type: 'web',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    post_logout_redirect_uris: [],
    scopes: [],
    resources: [],
    dpop_bound_access_tokens: false,
    require_dpop_nonce: false,
    refresh_token_rotation: true,
    consent: 'ask',
    disabled: false,
    ...rest,
    ...(jwks === undefined ? {} : { jwks: { keys: jwks.keys.flatMap(publicJwk) } }),
  }
}

/** A client's metadata as it would be sent again. */
export function givenMetadata(client: Omit<Client, 'client_id' | 'secrets' | 'created_at'>): ClientMetadata {
  const { jwks, ...rest } = client
  return { ...rest, ...(jwks === undefined ? {} : { jwks: { keys: jwks.keys.map(key => ({ ...key })) } }) }
}

/** What no schema can say: members that must fit each other, the issuer and what is registered. */
export async function judgeMetadata(
  context: Pick<AuthorityContext, 'store' | 'issuer'>,
  given: ClientMetadata,
): Promise<readonly Issue[]> {
  const client = completeMetadata(given)
  return [
    ...judgeKeys(given, client),
    ...judgeGrants(client),
    ...judgeUris(client, context.issuer),
    ...(await judgeScopes(context, client)),
  ]
}

/** Whether it holds, or would hold, a power over this authority. */
export const holdsManagement = (client: Pick<Client, 'scopes' | 'resources'>, issuer: string): boolean =>
  client.scopes.some(isManageScope) || client.resources.includes(manageResource(issuer))

type Judged = ReturnType<typeof completeMetadata>

function judgeKeys(given: ClientMetadata, client: Judged): readonly Issue[] {
  const needsKeys = client.token_endpoint_auth_method === 'private_key_jwt'
  if (needsKeys && given.jwks === undefined) {
    return [{ pointer: '/jwks', expected: 'the public keys, for private_key_jwt', got: 'nothing' }]
  }
  return (given.jwks?.keys ?? []).flatMap((jwk, index) => {
    const key = importPublicJwk(jwk)
    if (!isRefusal(key)) return []
    const { expected = 'a public key (RFC 7517)', got = key.refused } = key
    return [{ pointer: `/jwks/keys/${index}`, expected, got }]
  })
}

function judgeGrants(client: Judged): readonly Issue[] {
  const issues: Issue[] = []
  const uses = (grant: GrantType): boolean => client.grant_types.includes(grant)
  const confidential = client.token_endpoint_auth_method !== 'none'
  if (!confidential && (uses('client_credentials') || uses('urn:ietf:params:oauth:grant-type:token-exchange'))) {
    const expected = 'a client that proves who it is (OAuth 2.1 §4.2)'
    issues.push({ pointer: '/grant_types', expected, got: 'token_endpoint_auth_method none' })
  }
  if (uses('authorization_code') && client.redirect_uris.length === 0) {
    issues.push({ pointer: '/redirect_uris', expected: 'at least one, for authorization_code', got: 'none' })
  }
  if (uses('refresh_token') && !uses('authorization_code')) {
    issues.push({
      pointer: '/grant_types',
      expected: 'authorization_code beside refresh_token',
      got: 'refresh_token alone',
    })
  }
  if (!client.refresh_token_rotation && !confidential && !client.dpop_bound_access_tokens) {
    const expected = 'true for a public bearer client (OAuth 2.1 §4.3.1)'
    issues.push({ pointer: '/refresh_token_rotation', expected, got: 'false' })
  }
  return issues
}

function judgeUris(client: Judged, issuer: string): readonly Issue[] {
  const judge = (member: 'redirect_uris' | 'post_logout_redirect_uris') =>
    client[member].flatMap((uri, index) => {
      const refusal = judgeRedirectTarget(uri, client.application_type, issuer)
      if (refusal === undefined) return []
      const { expected = 'an https URI', got = uri, hint = '' } = refusal
      return [{ pointer: `/${member}/${index}`, expected, got, hint }]
    })
  const about =
    client.client_uri === undefined ||
    URL.parse(client.client_uri)?.protocol === 'https:' ||
    judgeRedirectTarget(client.client_uri, client.application_type, issuer) === undefined
  const issues = [...judge('redirect_uris'), ...judge('post_logout_redirect_uris')]
  return about
    ? issues
    : [...issues, { pointer: '/client_uri', expected: 'an https URI', got: client.client_uri ?? '' }]
}

async function judgeScopes(context: Pick<AuthorityContext, 'store'>, client: Judged): Promise<readonly Issue[]> {
  const all = await listResources(context)
  const issues: Issue[] = []
  for (const [index, identifier] of client.resources.entries()) {
    if (all.some(({ resource }) => resource === identifier)) continue
    const hint = 'Register it first: POST /manage/resources.'
    issues.push({ pointer: `/resources/${index}`, expected: 'a registered resource', got: identifier, hint })
  }
  const named = all.filter(({ resource }) => client.resources.includes(resource))
  const known = new Set([...openidScopes, ...scopesOf(named)])
  for (const [index, scope] of client.scopes.entries()) {
    if (!known.has(scope)) issues.push(unknownScope(index, scope, known, all))
  }
  return issues
}

const scopesOf = (resources: readonly Resource[]): readonly string[] =>
  resources.flatMap(({ scopes }) => scopes.map(({ scope }) => scope))

function unknownScope(index: number, scope: string, known: ReadonlySet<string>, all: readonly Resource[]): Issue {
  const owner = all.find(resource => scopesOf([resource]).includes(scope))
  const nearest = nearestName(scope, [...known, ...scopesOf(all)])
  const guess = nearest === undefined ? 'No resource defines it.' : `Did you mean ${nearest}?`
  const hint = owner === undefined ? guess : `It belongs to ${owner.resource}: name that in resources.`
  return { pointer: `/scopes/${index}`, expected: [...known].join(', '), got: scope, hint }
}
