import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { administratorOf, type Registration } from '../administrator.ts'
import { signingKey } from '../signing-key.ts'
import { systemOfFile } from '../system.ts'
import { UserAgent } from '../user-agent.ts'

// Plain http on loopback is the one thing that is allowed besides the library's defaults.
const plain = { [oauth.allowInsecureRequests]: true } as const
const system = await systemOfFile()
const administrator = await administratorOf(system)
const { outside, inside } = system.resources
const alice = system.user('alice')
const issuer = new URL(system.issuer)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain))
const redirectUri = 'http://localhost:4750/callback'
const scopes = ['openid', 'profile', 'email', 'offline_access', 'read:orders', 'write:orders']
const codeClient = {
  client_name: 'Strict',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirectUri],
  scopes,
  resources: [outside, inside],
  consent: 'implied',
} as const satisfies Registration

/**
 * Registered before anything is asked. The library keeps the JWKS it once fetched for a minute at least, whatever key id it
 * sees, so this also shows that a key is published before the first token is signed with it.
 */
const signedApis = new Map<string, { readonly resource: string; readonly scope: string }>()
for (const signing_alg of ['ES256', 'PS256', 'RS256', 'EdDSA'] as const) {
  const name = signing_alg.toLowerCase()
  const api = { resource: `https://${name}.example/`, scope: `use:${name}` }
  const scopesOf = [{ scope: api.scope, description: 'Use it' }]
  await administrator.addResource({ resource: api.resource, name, signing_alg, scopes: scopesOf })
  signedApis.set(signing_alg, api)
}

interface Party {
  readonly client: oauth.Client
  readonly authentication: oauth.ClientAuth
}

async function register(registration: Partial<Registration>): Promise<{ client: oauth.Client; secret: string }> {
  const { client_id, client_secret = '' } = await administrator.addClient({ ...codeClient, ...registration })
  return { client: { client_id, require_auth_time: true }, secret: client_secret }
}

async function keyParty(registration: Partial<Registration>, algorithm: string): Promise<Party> {
  const { privateKey, publicKey } = await oauth.generateKeyPair(algorithm)
  const jwk = { ...(await exportJWK(publicKey)), kid: algorithm, alg: algorithm, use: 'sig' }
  const asked = { ...registration, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } } as const
  const { client } = await register(asked)
  return { client, authentication: oauth.PrivateKeyJwt({ key: privateKey, kid: algorithm }) }
}

const ordersApi: Party = {
  client: { client_id: 'orders-api' },
  authentication: oauth.PrivateKeyJwt(await signingKey(system.client('orders-api').private_jwk)),
}

/** The authorization request on the real pages, and the response as the library judges it: state, and `iss` (RFC 9207). */
async function authorize({ client }: Party, resource: string, more: Readonly<Record<string, string>> = {}) {
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ]
  const url = new URL(as.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes.join(' '),
    resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    max_age: '600',
    ...more,
  }).toString()
  const answer = await new UserAgent().authorize(url, redirectUri, alice)
  return { answer, parameters: oauth.validateAuthResponse(as, client, answer, state), verifier, state, nonce }
}

type Authorized = Awaited<ReturnType<typeof authorize>>

async function redeem({ client, authentication }: Party, got: Authorized, resource: string, DPoP?: oauth.DPoPHandle) {
  const { parameters, verifier, nonce } = got
  const options = { ...plain, additionalParameters: { resource }, ...(DPoP && { DPoP }) }
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    options,
  )
  const checks = { expectedNonce: nonce, maxAge: 600, requireIdToken: true }
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, checks)
  await oauth.validateApplicationLevelSignature(as, response, plain)
  return { tokens, sub: oauth.getValidatedIdTokenClaims(tokens)?.sub ?? assert.fail('no ID token') }
}

async function refresh({ client, authentication }: Party, token: string | undefined, DPoP?: oauth.DPoPHandle) {
  const options = { ...plain, ...(DPoP && { DPoP }) }
  const response = await oauth.refreshTokenGrantRequest(as, client, authentication, token ?? '', options)
  return oauth.processRefreshTokenResponse(as, client, response)
}

async function introspect(token: string, asked: oauth.IntrospectionRequestOptions = {}) {
  const { client, authentication } = ordersApi
  const response = await oauth.introspectionRequest(as, client, authentication, token, { ...plain, ...asked })
  const { requestJwtResponse } = asked
  const strict = requestJwtResponse === true ? { ...client, introspection_signed_response_alg: 'ES256' } : client
  const answer = await oauth.processIntrospectionResponse(as, strict, response)
  if (requestJwtResponse === true) await oauth.validateApplicationLevelSignature(as, response, plain)
  return answer
}

async function userInfo({ client }: Party, token: string, sub: string, DPoP?: oauth.DPoPHandle) {
  const response = await oauth.userInfoRequest(as, client, token, { ...plain, ...(DPoP && { DPoP }) })
  return oauth.processUserInfoResponse(as, client, sub, response)
}

async function revoke({ client, authentication }: Party, token: string): Promise<void> {
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, token, plain))
}

const orders = async (token: string, address: string, DPoP?: oauth.DPoPHandle): Promise<Response> =>
  oauth.protectedResourceRequest(token, 'GET', new URL(address), undefined, undefined, {
    ...plain,
    ...(DPoP && { DPoP }),
  })

test('oauth4webapi: both discovery documents are the issuer’s and say the same (OpenID Connect Discovery §4.3, RFC 8414 §3.3)', async () => {
  const documents = (['oidc', 'oauth2'] as const).map(async algorithm =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...plain, algorithm })),
  )
  const [openid, oauth2] = await Promise.all(documents)
  assert.deepEqual(openid, oauth2)
})

test('oauth4webapi: the gateway and the orders API describe themselves (RFC 9728 §3.3)', async () => {
  for (const resource of [outside, inside]) {
    const response = await oauth.resourceDiscoveryRequest(new URL(resource), plain)
    const metadata = await oauth.processResourceDiscoveryResponse(new URL(resource), response)
    assert.deepEqual(metadata.authorization_servers, [system.issuer])
  }
})

const secretMethods = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
} as const
const parties: Readonly<Record<string, () => Promise<Party>>> = {
  none: async () => ({ ...(await register({ token_endpoint_auth_method: 'none' })), authentication: oauth.None() }),
  ...Object.fromEntries(
    Object.entries(secretMethods).map(([method, authenticate]) => [
      method,
      async () => {
        const { client, secret } = await register({ token_endpoint_auth_method: method as keyof typeof secretMethods })
        return { client, authentication: authenticate(secret) }
      },
    ]),
  ),
  'private_key_jwt with ES256': () => keyParty({}, 'ES256'),
  'private_key_jwt with PS256': () => keyParty({}, 'PS256'),
  'private_key_jwt with RS256': () => keyParty({}, 'RS256'),
}

for (const [method, open] of Object.entries(parties)) {
  test(`oauth4webapi: ${method}: code, ID token, userinfo, refresh, revocation, by every check it has (OpenID Connect Core §3.1, RFC 9207, RFC 7009)`, async () => {
    const party = await open()
    for (const [resource, address] of [
      [inside, `${inside}/orders`],
      [outside, outside],
    ] as const) {
      const { tokens, sub } = await redeem(party, await authorize(party, resource), resource)
      assert.equal(tokens.token_type, 'bearer')
      assert.equal((await userInfo(party, tokens.access_token, sub)).email, 'alice@shop.example')
      assert.equal((await orders(tokens.access_token, address)).status, 200)
      const refreshed = await refresh(party, tokens.refresh_token)
      assert.equal((await orders(refreshed.access_token, address)).status, 200)
      await revoke(party, refreshed.access_token)
      assert.equal((await introspect(refreshed.access_token)).active, false)
      await revoke(party, refreshed.refresh_token ?? assert.fail('no successor'))
      await assert.rejects(refresh(party, refreshed.refresh_token), {
        code: oauth.RESPONSE_BODY_ERROR,
        error: 'invalid_grant',
      })
      await assert.rejects(userInfo(party, tokens.access_token, sub), { code: oauth.WWW_AUTHENTICATE_CHALLENGE })
    }
  })
}

test('oauth4webapi: a response without iss, or with another’s, is no response of ours (RFC 9207 §2.4)', async () => {
  const party: Party = { client: { client_id: 'spa' }, authentication: oauth.None() }
  const spaRedirect = system.client('spa').redirect_uris?.[0] ?? ''
  const url = new URL(as.authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: 'spa',
    redirect_uri: spaRedirect,
    response_type: 'code',
    scope: 'openid',
    code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
    code_challenge_method: 'S256',
    state: 's',
  }).toString()
  const answer = await new UserAgent().authorize(url, spaRedirect, alice)
  assert.equal(oauth.validateAuthResponse(as, party.client, answer, 's').get('iss'), system.issuer)
  for (const change of [
    (sent: URL) => sent.searchParams.delete('iss'),
    (sent: URL) => sent.searchParams.set('iss', 'https://other.example'),
  ]) {
    const changed = new URL(answer)
    change(changed)
    assert.throws(() => oauth.validateAuthResponse(as, party.client, changed, 's'), { code: oauth.INVALID_RESPONSE })
  }
})

for (const algorithm of ['ES256', 'PS256', 'RS256']) {
  test(`oauth4webapi: DPoP with ${algorithm}: the nonce challenge costs no code and no refresh token (RFC 9449 §8, §5)`, async () => {
    const demanding = {
      dpop_bound_access_tokens: true,
      require_dpop_nonce: true,
      token_endpoint_auth_method: 'none',
    } as const
    const { client } = await register(demanding)
    const party: Party = { client, authentication: oauth.None() }
    const pair = await oauth.generateKeyPair(algorithm)
    const handle = oauth.DPoP(client, pair)
    const got = await authorize(party, inside, { dpop_jkt: await handle.calculateThumbprint() })
    await assert.rejects(redeem(party, got, inside, handle), oauth.isDPoPNonceError)
    const { tokens, sub } = await redeem(party, got, inside, handle)
    assert.equal(tokens.token_type, 'dpop')
    assert.equal((await userInfo(party, tokens.access_token, sub, handle)).sub, sub)
    assert.equal((await orders(tokens.access_token, `${inside}/orders`, handle)).status, 200)
    await assert.rejects(orders(tokens.access_token, `${inside}/orders`), { code: oauth.WWW_AUTHENTICATE_CHALLENGE })
    // A handle of the same key that knows no nonce is challenged anew.
    await assert.rejects(refresh(party, tokens.refresh_token, oauth.DPoP(client, pair)), oauth.isDPoPNonceError)
    const refreshed = await refresh(party, tokens.refresh_token, handle)
    assert.equal((await orders(refreshed.access_token, `${inside}/orders`, handle)).status, 200)
    const { cnf, token_type } = await introspect(refreshed.access_token)
    assert.deepEqual([cnf?.jkt, token_type], [await handle.calculateThumbprint(), 'DPoP'])
  })
}

test('oauth4webapi: introspection as a signed JWT (RFC 9701 §5), of live and of dead tokens', async () => {
  const { client_secret = '' } = system.client('nightly')
  const nightly: Party = { client: { client_id: 'nightly' }, authentication: oauth.ClientSecretBasic(client_secret) }
  for (const resource of [inside, outside]) {
    const request = await oauth.clientCredentialsGrantRequest(
      as,
      nightly.client,
      nightly.authentication,
      { resource },
      plain,
    )
    const { access_token, scope } = await oauth.processClientCredentialsResponse(as, nightly.client, request)
    const answer = await introspect(access_token, { requestJwtResponse: true })
    assert.deepEqual([answer.active, answer.sub, answer.scope], [true, 'client_nightly', scope])
    await revoke(nightly, access_token)
    assert.deepEqual(await introspect(access_token, { requestJwtResponse: true }), { active: false })
  }
})

for (const [algorithm, { resource, scope }] of signedApis) {
  test(`oauth4webapi as a resource server takes our ${algorithm} access tokens, bearer and DPoP (RFC 9068 §4, RFC 9449 §7)`, async () => {
    const machine = {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scopes: [scope],
      resources: [resource],
    } as const
    const { client, secret } = await register(machine)
    const authentication = oauth.ClientSecretBasic(secret)
    const pair = await oauth.generateKeyPair('ES256', { extractable: true })
    for (const DPoP of [undefined, oauth.DPoP(client, pair)]) {
      const options = { ...plain, ...(DPoP && { DPoP }) }
      const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, { scope }, options)
      const { access_token } = await oauth.processClientCredentialsResponse(as, client, response)
      const sent: Request[] = []
      const customFetch = async (url: string, init: object) => {
        sent.push(new Request(url, init))
        return new Response()
      }
      const caught = { ...options, [oauth.customFetch]: customFetch }
      await oauth.protectedResourceRequest(access_token, 'GET', new URL(resource), undefined, undefined, caught)
      const required = { ...plain, requireDPoP: DPoP !== undefined }
      const claims = await oauth.validateJwtAccessToken(as, sent[0] ?? assert.fail('nothing sent'), resource, required)
      assert.deepEqual([claims.sub, claims.scope], [`client_${client.client_id}`, scope])
    }
  })
}
