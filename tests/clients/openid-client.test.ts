import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK } from 'jose'
import * as openid from 'openid-client'
import { administratorOf } from '../administrator.ts'
import { signingKey } from '../signing-key.ts'
import { systemOfFile } from '../system.ts'
import { UserAgent } from '../user-agent.ts'

const system = await systemOfFile()
const { outside, inside } = system.resources
const alice = system.user('alice')
const scope = 'openid profile email offline_access read:orders write:orders'

/** Discovery, with the signature of every ID token and introspection response checked besides what the library checks anyway. */
function configure(clientId: string, authentication: openid.ClientAuth, metadata: Partial<openid.ClientMetadata> = {}) {
  const execute = [openid.allowInsecureRequests, openid.enableNonRepudiationChecks]
  return openid.discovery(new URL(system.issuer), clientId, metadata, authentication, { execute })
}

const secretOf = (clientId: string): string => system.client(clientId).client_secret ?? assert.fail(clientId)

interface SignIn {
  readonly redirectUri: string
  readonly resource: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly handle?: openid.DPoPHandle
  readonly agent?: UserAgent
}

async function signIn(config: openid.Configuration, options: SignIn) {
  const { redirectUri, resource, parameters = {}, handle, agent = new UserAgent() } = options
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const checks = {
    pkceCodeVerifier,
    expectedNonce: openid.randomNonce(),
    expectedState: openid.randomState(),
    maxAge: 600,
    idTokenExpected: true,
  }
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    resource,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: checks.expectedNonce,
    state: checks.expectedState,
    max_age: String(checks.maxAge),
    ...parameters,
  })
  const callback = await agent.authorize(url, redirectUri, alice)
  const tokens = await openid.authorizationCodeGrant(config, callback, checks, { resource }, handle && { DPoP: handle })
  const sub = tokens.claims()?.sub ?? assert.fail('no ID token')
  return { tokens, sub, agent, refresh_token: tokens.refresh_token ?? assert.fail('no refresh token') }
}

/** What the orders API itself, or the gateway before it, says to a token. */
async function orders(
  config: openid.Configuration,
  token: string,
  at: string,
  handle?: openid.DPoPHandle,
): Promise<Response> {
  return openid.fetchProtectedResource(
    config,
    token,
    new URL(at),
    'GET',
    undefined,
    undefined,
    handle && { DPoP: handle },
  )
}

/** What the authority says of a token to the API that it is for. */
async function introspect(token: string): Promise<openid.IntrospectionResponse> {
  const key = await signingKey(system.client('orders-api').private_jwk)
  return openid.tokenIntrospection(await configure('orders-api', openid.PrivateKeyJwt(key)), token)
}

test('openid-client: a public client signs in, reads orders, refreshes, revokes and signs out (OpenID Connect Core §3.1, RFC 7636, RFC 9207)', async () => {
  const config = await configure('spa', openid.None())
  assert.equal(config.serverMetadata().supportsPKCE(), true)
  const redirectUri = 'http://localhost:4600/callback'
  const { tokens, sub, agent, refresh_token } = await signIn(config, { redirectUri, resource: inside })
  assert.equal(tokens.token_type, 'bearer')
  assert.equal(tokens.expires_in, 300)
  // What is left of them counts down while the test runs.
  assert.ok((tokens.expiresIn() ?? 0) > 270)
  const user = await openid.fetchUserInfo(config, tokens.access_token, sub)
  assert.deepEqual([user.name, user.email, user.email_verified], ['Alice Abara', 'alice@shop.example', true])
  assert.equal((await orders(config, tokens.access_token, `${inside}/orders`)).status, 200)

  const refreshed = await openid.refreshTokenGrant(config, refresh_token, { resource: inside, scope: 'read:orders' })
  assert.notEqual(refreshed.refresh_token, refresh_token)
  assert.equal(refreshed.scope, 'read:orders')
  assert.equal((await orders(config, refreshed.access_token, `${inside}/orders`)).status, 200)

  await openid.tokenRevocation(config, refreshed.refresh_token ?? assert.fail(), { token_type_hint: 'refresh_token' })
  await assert.rejects(openid.refreshTokenGrant(config, refreshed.refresh_token ?? ''), { error: 'invalid_grant' })
  await assert.rejects(openid.fetchUserInfo(config, refreshed.access_token, sub), (error: unknown) => {
    assert.ok(error instanceof openid.WWWAuthenticateChallengeError)
    assert.equal(error.cause[0]?.parameters.error, 'invalid_token')
    return true
  })

  const leave = openid.buildEndSessionUrl(config, {
    post_logout_redirect_uri: 'http://localhost:4600/',
    id_token_hint: tokens.id_token ?? '',
    state: 'gone',
  })
  const gone = await agent.authorize(leave, 'http://localhost:4600/')
  assert.equal(gone.href, 'http://localhost:4600/?state=gone')
  const after = { redirectUri, resource: inside, parameters: { prompt: 'none' }, agent }
  await assert.rejects(signIn(config, after), { error: 'login_required' })
})

for (const [method, authentication] of [
  ['client_secret_basic', openid.ClientSecretBasic],
  ['client_secret_post', openid.ClientSecretPost],
] as const) {
  test(`openid-client: a confidential client by ${method} gets an opaque token that the gateway takes (OAuth 2.1 §2.4.1, RFC 8707)`, async () => {
    const redirectUri = 'http://localhost:4500/callback'
    const clientId = await registered(method, redirectUri)
    const config = await configure(clientId.id, authentication(clientId.secret))
    const { tokens, sub, refresh_token } = await signIn(config, { redirectUri, resource: outside })
    assert.match(tokens.access_token, /^sp_at_/)
    assert.equal((await orders(config, tokens.access_token, outside)).status, 200)
    assert.equal((await openid.fetchUserInfo(config, tokens.access_token, sub)).sub, sub)
    const refreshed = await openid.refreshTokenGrant(config, refresh_token)
    assert.equal((await orders(config, refreshed.access_token, outside)).status, 200)
    await openid.tokenRevocation(config, refreshed.access_token)
    assert.deepEqual(await introspect(refreshed.access_token), { active: false })
    assert.equal((await introspect(tokens.access_token)).sub, sub)
  })
}

/** The demo's own confidential client, or one like it that authenticates the other way. */
async function registered(method: 'client_secret_basic' | 'client_secret_post', redirectUri: string) {
  if (method === 'client_secret_basic') return { id: 'web-app', secret: secretOf('web-app') }
  const { client_id, client_secret = '' } = await (await administratorOf(system)).addClient({
    client_name: 'Posts its secret',
    token_endpoint_auth_method: method,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    scopes: scope.split(' '),
    resources: [outside, inside],
  })
  return { id: client_id, secret: client_secret }
}

test('openid-client: private_key_jwt with DPoP and nonces, from code to refresh to API (RFC 7523, RFC 9449 §4-§9)', async () => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const redirectUri = 'http://localhost:4700/callback'
  const { client_id } = await (await administratorOf(system)).addClient({
    client_name: 'Proves everything',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] },
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    scopes: scope.split(' '),
    resources: [outside, inside],
    dpop_bound_access_tokens: true,
    require_dpop_nonce: true,
    consent: 'implied',
  })
  const config = await configure(client_id, openid.PrivateKeyJwt({ key: pair.privateKey, kid: 'k1' }))
  for (const [resource, address] of [
    [inside, `${inside}/orders`],
    [outside, outside],
  ] as const) {
    const proofKey = await openid.randomDPoPKeyPair('ES256')
    const handle = openid.getDPoPHandle(config, proofKey)
    const dpop_jkt = await handle.calculateThumbprint()
    const { tokens, sub, refresh_token } = await signIn(config, {
      redirectUri,
      resource,
      handle,
      parameters: { dpop_jkt },
    })
    assert.equal(tokens.token_type, 'dpop')
    assert.equal((await orders(config, tokens.access_token, address, handle)).status, 200)
    assert.equal((await openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP: handle })).sub, sub)
    const refreshed = await openid.refreshTokenGrant(config, refresh_token, {}, { DPoP: handle })
    assert.equal((await orders(config, refreshed.access_token, address, handle)).status, 200)
    await assert.rejects(orders(config, refreshed.access_token, address), openid.WWWAuthenticateChallengeError)
    const { cnf, token_type } = await introspect(refreshed.access_token)
    assert.deepEqual([cnf?.jkt, token_type], [dpop_jkt, 'DPoP'])
  }
})

test('openid-client: client credentials by secret and by key, each with its own subject (OAuth 2.1 §4.2, RFC 9068 §5)', async () => {
  const key = await signingKey(system.client('reporter').private_jwk)
  for (const [clientId, authentication] of [
    ['nightly', openid.ClientSecretBasic(secretOf('nightly'))],
    ['reporter', openid.PrivateKeyJwt(key)],
  ] as const) {
    const config = await configure(clientId, authentication)
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'read:orders', resource: inside })
    assert.equal(tokens.refresh_token, undefined)
    const { active, sub, client_id } = await introspect(tokens.access_token)
    assert.deepEqual([active, sub, client_id], [true, `client_${clientId}`, clientId])
    assert.equal((await orders(config, tokens.access_token, `${inside}/orders`)).status, 200)
    await openid.tokenRevocation(config, tokens.access_token)
    assert.deepEqual(await introspect(tokens.access_token), { active: false })
  }
})

test('openid-client: refusals arrive as the errors it knows (OAuth 2.1 §4.1.2.1, §3.2.4)', async () => {
  const config = await configure('spa', openid.None())
  const redirectUri = 'http://localhost:4600/callback'
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: 's',
    code_challenge: await openid.calculatePKCECodeChallenge(openid.randomPKCECodeVerifier()),
    code_challenge_method: 'S256',
    prompt: 'consent',
  })
  const denied = await new UserAgent().authorize(url, redirectUri, alice, 'deny')
  await assert.rejects(openid.authorizationCodeGrant(config, denied, { expectedState: 's' }), {
    name: 'AuthorizationResponseError',
    error: 'access_denied',
  })
  const allowed = await new UserAgent().authorize(url, redirectUri, alice)
  const checks = { expectedState: 's', pkceCodeVerifier: openid.randomPKCECodeVerifier() }
  await assert.rejects(openid.authorizationCodeGrant(config, allowed, checks), {
    name: 'ResponseBodyError',
    error: 'invalid_grant',
    status: 400,
  })
  const wrongSecret = await configure('nightly', openid.ClientSecretBasic('wrong'))
  await assert.rejects(openid.clientCredentialsGrant(wrongSecret), {
    name: 'WWWAuthenticateChallengeError',
    status: 401,
  })
})
