import { accessTokenHash } from '@sallyport/credentials'
import fc from 'fast-check'
import type { RunningSystem } from '../system.ts'
import { type Material, proofFor } from './material.ts'
import type { Fields, Knowledge } from './request-inputs.ts'
import { schemaValues } from './schema-values.ts'
import type { ListenerName, ServedAddress } from './served-routes.ts'

type Schema = Readonly<Record<string, unknown>>
type Known = Partial<Omit<Knowledge, 'url'>>

/** The descriptions that the management API and the orders API publish of themselves. */
export interface Documents {
  readonly manage: Schema
  readonly orders: Schema
}

const nothing: Known = {}

/**
 * What a nearly right request to an address looks like; `undefined` when nobody told, which is a mistake: an address that
 * is served is fuzzed with knowledge of it.
 */
export function knowledgeOf(
  address: ServedAddress,
  material: Material,
  system: RunningSystem,
  documents: Documents,
): Knowledge | undefined {
  const { listener, url, methods } = address
  const known =
    described(address, documents, material) ??
    told(listener, material, system)[url] ??
    (isFile(url) ? nothing : undefined)
  if (known === undefined) return undefined
  const shown = methods.filter(method => method !== 'HEAD')
  return { url, methods: shown, query: {}, path: {}, body: undefined, headers: {}, ...known }
}

const isFile = (url: string): boolean => /\.(?:css|js|svg|json)$/.test(url)

function told(listener: ListenerName, material: Material, system: RunningSystem): Readonly<Record<string, Known>> {
  const shared: Readonly<Record<string, Known>> = {
    '/livez': nothing,
    '/readyz': nothing,
    '/metrics': nothing,
    '/': nothing,
  }
  switch (listener) {
    case 'authority':
      return { ...shared, ...protocol(material, system), ...pages(material) }
    case 'app':
      return { ...shared, ...backEnd(material, system) }
    case 'gateway':
      return { ...shared, ...edge(material, system) }
    case 'ordersApi':
      return { ...shared, '/.well-known/oauth-protected-resource': nothing }
  }
}

const bearer = (...tokens: readonly string[]): readonly string[] => tokens.map(token => `Bearer ${token}`)

function protocol(material: Material, { issuer, resources }: RunningSystem): Readonly<Record<string, Known>> {
  const { tokens, spent, code, verifier, basic, nightly, assertion, idToken, redirectUri } = material
  const client: Fields = {
    client_id: ['spa', 'web-app', 'nightly', 'reporter', 'shop'],
    client_secret: ['sp_cs_wrong'],
    client_assertion: [assertion],
    client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
  }
  const target: Fields = {
    resource: [resources.inside, resources.outside],
    scope: ['read:orders', 'openid read:orders'],
  }
  const proof = proofFor(material, 'POST', `${issuer}/token`, accessTokenHash(tokens.bound))
  const headers: Fields = {
    authorization: [basic, 'Basic Og==', 'Bearer x'],
    dpop: [proof],
    accept: ['application/json'],
  }
  const usualRequest: Fields = {
    response_type: ['code'],
    client_id: ['spa'],
    redirect_uri: [redirectUri],
    ...target,
    state: ['abc'],
    nonce: ['n'],
    code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
    code_challenge_method: ['S256'],
  }
  const authorization: Fields = {
    ...usualRequest,
    prompt: ['none', 'login', 'consent', 'select_account'],
    max_age: ['0', '10', '99999999'],
    acr_values: ['urn:sallyport:acr:passkey'],
    claims: ['{"id_token":{"acr":{"essential":true,"value":"x"}},"userinfo":{"name":null}}'],
    response_mode: ['query', 'form_post'],
    login_hint: ['alice'],
    id_token_hint: [idToken],
    dpop_jkt: ['0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'],
  }
  const grants: readonly Fields[] = [
    {
      grant_type: ['authorization_code'],
      code: [code],
      code_verifier: [verifier],
      redirect_uri: [redirectUri],
      client_id: ['spa'],
    },
    { grant_type: ['refresh_token'], refresh_token: spent },
    { grant_type: ['client_credentials'], scope: ['read:orders'], resource: [resources.inside] },
    {
      grant_type: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      subject_token: spent,
      subject_token_type: ['urn:ietf:params:oauth:token-type:access_token'],
      client_assertion: client.client_assertion ?? [],
      client_assertion_type: client.client_assertion_type ?? [],
    },
  ]
  return {
    '/token': {
      methods: ['POST'],
      body: { forms: [...grants, { ...Object.assign({}, ...grants), ...client }] },
      headers: { ...headers, authorization: ['', basic, nightly, 'Basic Og=='], dpop: ['', '', proof] },
    },
    '/introspect': {
      methods: ['POST'],
      body: { forms: [{ token: spent }, { token: spent, token_type_hint: ['access_token'], ...client }] },
      headers,
    },
    '/revoke': {
      methods: ['POST'],
      body: { forms: [{ token: spent }, { token: spent, token_type_hint: ['refresh_token'], ...client }] },
      headers,
    },
    '/userinfo': {
      headers: { authorization: [...bearer(tokens.inside, idToken), `DPoP ${tokens.bound}`], dpop: [proof] },
      body: { forms: [{ access_token: spent }] },
      query: { access_token: spent },
    },
    '/authorize': {
      query: usualRequest,
      body: { forms: [authorization, usualRequest] },
      headers: { cookie: [material.cookie] },
    },
    '/logout': {
      query: {
        client_id: ['spa'],
        id_token_hint: [idToken],
        post_logout_redirect_uri: ['http://localhost:4600/'],
        state: ['s'],
      },
      body: { forms: [{ client_id: ['spa'], form_token: [material.formToken], confirmed: ['yes', 'no'] }] },
      headers: pageHeaders(material, issuer),
    },
    '/jwks': nothing,
    '/.well-known/openid-configuration': nothing,
    '/.well-known/oauth-authorization-server': nothing,
    '/revocations/keys': nothing,
    '/revocations': { query: { after: ['abc.1', 'x.99999999999999'] } },
    '/manage/openapi.json': nothing,
  }
}

const pageHeaders = (material: Material, origin: string): Fields => ({
  cookie: [material.cookie],
  origin: [origin],
  'sec-fetch-site': ['same-origin'],
  accept: ['text/html'],
})

/** Credentials of a passkey as a browser would send them, for nobody's passkey. */
const credential = JSON.stringify({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    authenticatorData: 'AAAA',
    signature: 'AAAA',
    attestationObject: 'oA',
    userHandle: 'AA',
  },
  clientExtensionResults: {},
})

function pages(material: Material): Readonly<Record<string, Known>> {
  const { formToken, login, consent, cookie } = material
  const form = (fields: Fields): Known => ({
    body: { forms: [{ form_token: [formToken], login: [login], ...fields }] },
    query: { login: [login] },
    headers: { cookie: [cookie], 'sec-fetch-site': ['same-origin'], accept: ['text/html'] },
  })
  // Guesses at an account make its owner wait, so they are at nobody's.
  const guess: Fields = { username: ['nobody', 'x'] }
  return {
    '/account': form({ done: ['session'] }),
    '/account/apps/remove': form({ grant: ['x'], client_id: ['web-app'] }),
    '/account/passkeys': form({ credential: [credential], name: ['Key'] }),
    '/account/passkeys/new': form({}),
    '/account/passkeys/options': form({}),
    '/account/passkeys/remove': form({ passkey: ['x'] }),
    '/account/password': form({ password: ['short'] }),
    '/account/recovery-codes': form({}),
    '/account/sessions/end': form({ session: ['x'] }),
    '/account/sessions/end-others': form({}),
    '/consent': form({ answer: ['allow', 'deny'], login: [consent, login] }),
    '/set-up': form({ code: ['sp_x'] }),
    '/set-up/passkey': form({ code: ['sp_x'], credential: [credential] }),
    '/set-up/passkey/options': form({ code: ['sp_x'] }),
    '/set-up/password': form({ code: ['sp_x'], password: ['long enough to be one'] }),
    '/sign-in': form({ ...guess, password: ['wrong'] }),
    '/sign-in/cancel': form({}),
    '/sign-in/passkey': form({ credential: [credential] }),
    '/sign-in/passkey/options': form({}),
    '/sign-in/recovery': form({ ...guess, code: ['aaaa-bbbb'] }),
    '/sign-in/select': form({}),
    '/sign-in/switch': form({}),
    '/sign-in/without-passkey': form({}),
  }
}

function backEnd(material: Material, { app, issuer }: RunningSystem): Readonly<Record<string, Known>> {
  const headers: Fields = {
    cookie: [material.cookie],
    'sallyport-csrf': ['1'],
    origin: [app],
    'sec-fetch-site': ['same-origin'],
    accept: ['application/json'],
  }
  const order = { json: fc.record({ item: fc.string(), quantity: fc.nat(), unit_price_cents: fc.nat() }) }
  return {
    '/bff/login': {
      query: {
        return_to: ['/orders/1'],
        acr_values: ['x'],
        max_age: ['0'],
        prompt: ['none'],
        scope: ['read:orders'],
        login_hint: ['alice'],
      },
    },
    '/bff/callback': {
      query: { code: [material.code], state: [material.state], iss: [issuer], error: ['access_denied'] },
      headers,
    },
    '/bff/session': { headers },
    '/bff/logout': { headers, body: { forms: [{}] } },
    '/api/orders': { methods: ['GET', 'POST'], headers, query: { limit: ['1'], cursor: ['x'] }, body: order },
    '/api/orders/*': { headers, path: { '*': ['alice-1', 'bob-1', 'batch-read', 'alice-1/cancel'] }, body: order },
    '/demo/log/:requestId': { headers, path: { ':requestId': ['0'.repeat(24)] } },
    '/settings.json': { headers },
    '/demo/replay': { headers, body: { json: fc.constant({}) } },
    '/demo/revoke': { headers, body: { json: fc.constant({}) } },
  }
}

function edge(material: Material, { gateway }: RunningSystem): Readonly<Record<string, Known>> {
  const { tokens } = material
  const proof = proofFor(material, 'GET', `${gateway}/orders`, accessTokenHash(tokens.bound))
  return {
    '/*': {
      methods: ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
      path: {
        '*': [
          'orders',
          'orders/alice-1',
          'orders/batch-read',
          'orders/openapi.json',
          'orders/alice-1/refund',
          'metrics',
        ],
      },
      query: { limit: ['1', '100'] },
      headers: { authorization: [...bearer(tokens.outside, tokens.inside), `DPoP ${tokens.bound}`], dpop: [proof] },
      body: { json: fc.record({ ids: fc.array(fc.constantFrom('alice-1', 'bob-1')) }) },
    },
    '/.well-known/oauth-protected-resource/orders': nothing,
  }
}

/** What the published descriptions say of an address. */
function described(
  { listener, url }: ServedAddress,
  { manage, orders }: Documents,
  material: Material,
): Known | undefined {
  const { tokens } = material
  if (listener === 'authority' && url.startsWith('/manage/'))
    return operationsAt(manage, url, { authorization: bearer(tokens.manage), 'if-match': ['*', '"1"'] })
  if (listener === 'ordersApi') return operationsAt(orders, url, { authorization: bearer(tokens.inside) })
  return undefined
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function operationsAt(document: Schema, url: string, headers: Fields): Known | undefined {
  const paths = isSchema(document.paths) ? document.paths : {}
  const wanted = url.replaceAll(/:(\w+)/g, '{$1}')
  const item = paths[wanted] ?? paths[wanted.replace(/^\/manage/, '')]
  if (!isSchema(item)) return undefined
  const operations = Object.values(item).filter(isSchema)
  const parameters = [item.parameters, ...operations.map(each => each.parameters)].flat().filter(isSchema)
  const names = parameters.filter(each => each.in === 'query').map(each => String(each.name))
  const schemas = operations.flatMap(each => bodySchemas(each))
  const pieces = [...url.matchAll(/:\w+/g)].map(
    ([piece]) => [piece, url.startsWith('/orders') ? orderIds : ids] as const,
  )
  // Half of the bodies name something unknown: an accepted one changes what later requests find.
  const right = examples[url] === undefined ? [] : [nearly(examples[url])]
  const bodies = fc.oneof(...right, fc.constant({}), ...schemas.map(schema => schemaValues(schema, document)))
  const spoiled = fc
    .tuple(bodies, fc.boolean())
    .map(([body, also]) => (also && isSchema(body) ? { ...body, unknown: 1 } : body))
  return {
    headers,
    ...(url.startsWith('/manage/') ? { patch: 'application/merge-patch+json' } : {}),
    query: Object.fromEntries(names.map(name => [name, queryValues[name] ?? ['x']])),
    path: Object.fromEntries(pieces),
    body: schemas.length === 0 ? undefined : { json: url === '/manage/keys/rotate' ? unrotated : spoiled },
  }
}

const queryValues: Fields = {
  limit: ['1', '100'],
  status: ['placed', 'cancelled'],
  cursor: ['OTk5OTk5OTk5OTk6YWxpY2UtMQ'],
}

/** Nothing that the system needs afterwards. */
const ids = ['terminal', 'http://localhost:9/fuzzed', 'user_none']
const orderIds = ['alice-1', 'alice-2', 'bob-1']

/** Bodies that are accepted. */
const examples: Readonly<Record<string, Schema>> = {
  '/manage/clients': {
    client_name: 'Fuzzed',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scopes: ['read:orders'],
  },
  '/manage/clients/:client_id': { client_name: 'Changed' },
  '/manage/users': { username: 'fuzzed', name: 'F. Uzz', roles: ['customer'] },
  '/manage/resources': { resource: 'http://localhost:9/fuzzed', name: 'Fuzzed', token_format: 'jwt', scopes: [] },
  '/manage/resources/:resource': { name: 'Changed' },
  '/orders': { item: 'Rope', quantity: 1, unit_price_cents: 100 },
  '/orders/batch-read': { ids: ['alice-1', 'bob-1'] },
  '/orders/:id': { note: 'x' },
  '/orders/:id/refund': { amount_cents: 1 },
}

/** An example as it is, or with one member anything. */
const nearly = (example: Schema): fc.Arbitrary<Schema> => {
  const changed = fc
    .tuple(fc.constantFrom(...Object.keys(example)), fc.jsonValue())
    .map(([name, value]) => ({ ...example, [name]: value }))
  return fc.oneof(fc.constant(example), changed)
}

/** A right body here makes a key each time. */
const unrotated = fc.record({ algorithm: fc.constantFrom('none', 'HS256', 1, null), unknown: fc.constant(1) })

function bodySchemas(operation: Schema): readonly unknown[] {
  const { requestBody } = operation
  const content = isSchema(requestBody) && isSchema(requestBody.content) ? requestBody.content : {}
  return Object.values(content)
    .filter(isSchema)
    .map(({ schema }) => schema)
}
