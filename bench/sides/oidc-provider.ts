/**
 * The peer of the token path: oidc-provider with everything in memory, and the same clients, resources and formats. Its
 * argument says how many tokens have to be found again: `few` in its own store in memory, `many` in a map.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { exportPrivateJwk, generateSigningKey, s256 } from '@sallyport/credentials'
import { Provider } from 'oidc-provider'
import { freePorts } from '../../tests/free-ports.ts'
import { MapAdapter } from './map-adapter.ts'
import { clientId, onCodesAsked, type SideSaid, verifier } from './token-path.ts'

const accountId = 'user_alice0000000000001'
const { port } = await freePorts(['port'])
const issuer = `http://localhost:${port}`
const said: SideSaid = {
  issuer: `http://127.0.0.1:${port}`,
  token: '/token',
  introspection: '/token/introspection',
  jwks: '/jwks',
  discovery: '/.well-known/openid-configuration',
  secret: randomBytes(32).toString('base64url'),
  redirectUri: 'http://localhost:4200/cb',
  opaque: 'http://localhost:4100/orders',
  jwt: 'http://localhost:4300',
}
const scope = 'read:orders'
const key = generateSigningKey('ES256')
const provider = new Provider(issuer, {
  ...(process.argv[2] === 'many' ? { adapter: MapAdapter } : {}),
  clients: [
    {
      client_id: clientId,
      client_secret: said.secret,
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
      redirect_uris: [said.redirectUri],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...exportPrivateJwk(key), kid: key.kid, alg: key.algorithm, use: 'sig' }] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => said.jwt,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context: object, resource: string) => ({
        scope,
        audience: resource,
        accessTokenTTL: 300,
        accessTokenFormat: resource === said.opaque ? 'opaque' : 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  scopes: ['openid', 'offline_access', scope],
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: { AuthorizationCode: 600, AccessToken: 300, ClientCredentials: 300, RefreshToken: 86_400, Grant: 86_400 },
  findAccount: (_context: object, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
})
onCodesAsked(mintCodes)
createServer(provider.callback()).listen(port, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(said)}\n`))
process.once('SIGTERM', () => process.exit(0))

async function mintCodes(count: number): Promise<string[]> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addResourceScope(said.jwt, scope)
  const grantId = await grant.save()
  const client = await provider.Client.find(clientId)
  const codes: string[] = []
  for (let n = 0; n < count; n += 1) {
    const code = new provider.AuthorizationCode({
      accountId,
      authTime: Math.floor(Date.now() / 1000),
      client,
      codeChallenge: s256(verifier),
      codeChallengeMethod: 'S256',
      grantId,
      redirectUri: said.redirectUri,
      resource: said.jwt,
      scope,
    })
    codes.push(await code.save())
  }
  return codes
}
