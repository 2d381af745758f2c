/**
 * The peer of the races: oidc-provider with its records in memory, at once or as far away as a database is. Its one user signs
 * in without being asked.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { exportPrivateJwk, generateSigningKey, s256 } from '@sallyport/credentials'
import { Provider } from 'oidc-provider'
import { freePorts } from '../../tests/free-ports.ts'
import { UserAgent } from '../../tests/user-agent.ts'
import { MapAdapter } from './map-adapter.ts'
import type { Raced } from './raced.ts'

/** With a client `job` that proves itself by a key, a public client `tv` for devices, and a browser where the user is signed in. */
export interface RacedSaid extends Raced {
  readonly jwk: object
  /** Approved, each in a grant of its own. */
  readonly deviceCodes: readonly string[]
  /** A `Cookie` header. */
  readonly cookies: string
}

const [, , delayMs = '0', codesWanted = '10', deviceCodesWanted = '0'] = process.argv

/** Every verb takes as long as a round trip to a database; what each of them does is as before. */
class DistantAdapter extends MapAdapter {
  override async upsert(...given: Parameters<MapAdapter['upsert']>) {
    await wait(Number(delayMs))
    return super.upsert(...given)
  }

  override async find(id: string) {
    await wait(Number(delayMs))
    return super.find(id)
  }

  override async consume(id: string) {
    await wait(Number(delayMs))
    return super.consume(id)
  }
}

const { port } = await freePorts(['port'])
const issuer = `http://127.0.0.1:${port}`
const accountId = 'alice'
const scope = 'read:orders'
const api = 'https://api.example'
const [serverKey, clientKey] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
const said = {
  issuer,
  tokenEndpoint: `${issuer}/token`,
  secret: randomBytes(32).toString('base64url'),
  jwk: exportPrivateJwk(clientKey),
  verifier: randomBytes(32).toString('base64url'),
  redirectUri: 'https://web.example/cb',
}
const provider = new Provider(issuer, {
  adapter: delayMs === '0' ? MapAdapter : DistantAdapter,
  clients: [
    {
      client_id: 'web',
      client_secret: said.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [said.redirectUri],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: 'tv',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: 'job',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [clientKey.publicJwk] },
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...exportPrivateJwk(serverKey), kid: serverKey.kid, alg: serverKey.algorithm, use: 'sig' }] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope, audience: api, accessTokenTTL: 300, accessTokenFormat: 'opaque' }),
    },
  },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  interactions: { url: () => '/sign-in' },
  loadExistingGrant: (context: { readonly oidc: { readonly client: { readonly clientId: string } } }) =>
    grantOf(context.oidc.client.clientId),
  scopes: ['openid', 'offline_access', scope],
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: {
    AccessToken: 300,
    AuthorizationCode: 600,
    ClientCredentials: 300,
    DeviceCode: 600,
    Grant: 86_400,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  findAccount: (_context: object, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
})
const codes = await mintCodes(Number(codesWanted))
const deviceCodes = await mintDeviceCodes(Number(deviceCodesWanted))
const answer = provider.callback()
createServer((request, response) => {
  if (request.url !== '/sign-in') return answer(request, response)
  return provider.interactionFinished(request, response, { login: { accountId } })
}).listen(port, '127.0.0.1', async () => {
  const cookies = await cookiesOfSignedIn()
  process.stdout.write(`${JSON.stringify({ ...said, codes, deviceCodes, cookies } satisfies RacedSaid)}\n`)
})
process.once('SIGTERM', () => process.exit(0))

/** Each of a grant of its own, so that one race's revocation does not reach the next. */
async function mintCodes(count: number): Promise<string[]> {
  const client = await provider.Client.find('web')
  const made: string[] = []
  for (let n = 0; n < count; n += 1) {
    const code = new provider.AuthorizationCode({
      ...(await granted('web')),
      client,
      codeChallenge: s256(said.verifier),
      codeChallengeMethod: 'S256',
      redirectUri: said.redirectUri,
    })
    made.push(await code.save())
  }
  return made
}

/** As they are when the user has approved them. */
async function mintDeviceCodes(count: number): Promise<string[]> {
  const client = await provider.Client.find('tv')
  const made: string[] = []
  for (let n = 0; n < count; n += 1) {
    const userCode = String(n).padStart(8, '0')
    made.push(await new provider.DeviceCode({ ...(await granted('tv')), client, userCode, params: {} }).save())
  }
  return made
}

/** What the user's consent puts into a record. */
async function granted(clientId: string): Promise<object> {
  const { grantId } = await grantOf(clientId)
  return { accountId, authTime: Math.floor(Date.now() / 1000), grantId, resource: api, scope }
}

async function grantOf(clientId: string): Promise<{ readonly grantId: string }> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scope)
  grant.addResourceScope(api, scope)
  return Object.assign(grant, { grantId: await grant.save() })
}

async function cookiesOfSignedIn(): Promise<string> {
  const browser = new UserAgent()
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: 'web',
    redirect_uri: said.redirectUri,
    scope,
    code_challenge: s256(said.verifier),
    code_challenge_method: 'S256',
  })
  await browser.authorize(`${issuer}/auth?${request}`, said.redirectUri)
  return browser.cookiesFor(new URL(issuer))
}
