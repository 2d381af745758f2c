/** The peer of the races: oidc-provider with its records in memory, at once or as far away as a database is. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { exportPrivateJwk, generateSigningKey, s256 } from '@sallyport/credentials'
import { Provider } from 'oidc-provider'
import { freePorts } from '../../tests/free-ports.ts'
import { MapAdapter } from './map-adapter.ts'
import type { Raced } from './raced.ts'

/** With a client that proves itself by a key. */
export type RacedSaid = Raced & { readonly jwk: object }

const [, , delayMs = '0', codesWanted = '10'] = process.argv

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
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope, audience: api, accessTokenTTL: 300, accessTokenFormat: 'opaque' }),
    },
  },
  scopes: ['openid', 'offline_access', scope],
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: { AuthorizationCode: 600, AccessToken: 300, ClientCredentials: 300, RefreshToken: 86_400, Grant: 86_400 },
  findAccount: (_context: object, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
})
const codes = await mintCodes(Number(codesWanted))
createServer(provider.callback()).listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ...said, codes } satisfies RacedSaid)}\n`)
})
process.once('SIGTERM', () => process.exit(0))

/** Each of a grant of its own, so that one race's revocation does not reach the next. */
async function mintCodes(count: number): Promise<string[]> {
  const client = await provider.Client.find('web')
  const made: string[] = []
  for (let n = 0; n < count; n += 1) {
    const grant = new provider.Grant({ accountId, clientId: 'web' })
    grant.addResourceScope(api, scope)
    const code = new provider.AuthorizationCode({
      accountId,
      authTime: Math.floor(Date.now() / 1000),
      client,
      codeChallenge: s256(said.verifier),
      codeChallengeMethod: 'S256',
      grantId: await grant.save(),
      redirectUri: said.redirectUri,
      resource: api,
      scope,
    })
    made.push(await code.save())
  }
  return made
}
