import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import express from 'express'
import openid, { type ConfigParams } from 'express-openid-connect'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { administratorOf, type Registration } from '../administrator.ts'
import { randomText } from '../code-flow.ts'
import { eventually } from '../eventually.ts'
import { freePorts } from '../free-ports.ts'
import { systemOfFile } from '../system.ts'
import { type SeenPage, UserAgent } from '../user-agent.ts'

const { auth, requiresAuth } = openid
const system = await systemOfFile()
const { outside } = system.resources
const scope = 'openid profile email offline_access read:orders'

/** Registers a web application and serves it, on Express with the library in front; the rest of its settings is the library's own. */
async function serve(t: TestContext, registration: Partial<Registration>, settings: Partial<ConfigParams>) {
  const { port } = await freePorts(['port'])
  const baseURL = `http://localhost:${port}`
  const { client_id, client_secret } = await (await administratorOf(system)).addClient({
    client_name: 'Express app',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${baseURL}/callback`],
    post_logout_redirect_uris: [baseURL],
    scopes: scope.split(' '),
    resources: [outside],
    ...registration,
  })
  const app = express()
  app.use(
    auth({
      issuerBaseURL: system.issuer,
      baseURL,
      clientID: client_id,
      ...(client_secret === undefined ? {} : { clientSecret: client_secret }),
      secret: randomText(),
      authRequired: false,
      idpLogout: true,
      ...settings,
      authorizationParams: { response_type: 'code', scope, resource: outside, ...settings.authorizationParams },
    }),
  )
  app.get('/', (request, response) => void response.json({ in: request.oidc.isAuthenticated() }))
  app.get('/me', requiresAuth(), async (request, response) => {
    response.json({ user: request.oidc.user, info: await request.oidc.fetchUserInfo() })
  })
  app.get('/orders', requiresAuth(), async (request, response) => {
    const { access_token = '' } = request.oidc.accessToken ?? {}
    const answer = await fetch(outside, { headers: { authorization: `Bearer ${access_token}` } })
    response.status(answer.status).json({ access_token, orders: await answer.json() })
  })
  app.get('/refresh', requiresAuth(), async (request, response) => {
    const before = { access_token: request.oidc.accessToken?.access_token, refresh_token: request.oidc.refreshToken }
    await request.oidc.accessToken?.refresh()
    const after = { access_token: request.oidc.accessToken?.access_token, refresh_token: request.oidc.refreshToken }
    response.json({ before, after })
  })
  const server = app.listen(port, 'localhost')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return baseURL
}

const bodyOf = (page: SeenPage) => {
  assert.equal(page.status, 200, page.html)
  return JSON.parse(page.html)
}

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const applications: Readonly<Record<string, { registration: Partial<Registration>; settings: Partial<ConfigParams> }>> =
  {
    'with the library’s defaults: client_secret_basic, RS256 ID tokens': {
      registration: { id_token_signed_response_alg: 'RS256' },
      settings: {},
    },
    'with private_key_jwt, ES256 ID tokens and max_age': {
      registration: {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' }] },
      },
      settings: {
        clientAuthMethod: 'private_key_jwt',
        clientAssertionSigningKey: await exportPKCS8(privateKey),
        clientAssertionSigningAlg: 'ES256',
        idTokenSigningAlg: 'ES256',
        authorizationParams: { max_age: 600 },
      },
    },
    'with client_secret_post, PS256 ID tokens and form_post': {
      registration: { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'PS256' },
      settings: {
        clientAuthMethod: 'client_secret_post',
        idTokenSigningAlg: 'PS256',
        authorizationParams: { response_mode: 'form_post' },
        // What the library needs for a POST that comes from another site.
        transactionCookie: { sameSite: 'Lax' },
      },
    },
  }

for (const [how, { registration, settings }] of Object.entries(applications)) {
  test(`express-openid-connect ${how}: signs in, reads orders, refreshes, signs out here and there (OpenID Connect Core §3.1, RP-Initiated Logout §2)`, async t => {
    const app = await serve(t, registration, settings)
    const agent = new UserAgent()
    assert.deepEqual(bodyOf(await agent.signInTo(`${app}/login`, system.user('alice'))), { in: true })
    const { user, info } = bodyOf(await agent.open(`${app}/me`))
    assert.equal(info.sub, user.sub)
    assert.equal(info.email, 'alice@shop.example')
    const { orders } = bodyOf(await agent.open(`${app}/orders`))
    assert.match(JSON.stringify(orders), /alice-1/)
    assert.doesNotMatch(JSON.stringify(orders), /bob-/)

    const { before, after } = bodyOf(await agent.open(`${app}/refresh`))
    assert.notEqual(after.access_token, before.access_token)
    assert.notEqual(after.refresh_token, before.refresh_token)
    assert.equal(bodyOf(await agent.open(`${app}/orders`)).access_token, after.access_token)

    assert.deepEqual(bodyOf(await agent.open(`${app}/logout`)), { in: false })
    const headers = { authorization: `Bearer ${after.access_token}` }
    await eventually(async () => (await fetch(outside, { headers })).status === 401, 'the token is refused')
    const again = await agent.open(`${app}/me`)
    assert.equal(again.heading, 'Sign in', 'nobody is signed in at the authority either')
  })
}
