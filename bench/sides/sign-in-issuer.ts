/** An OpenID provider that signs one user in without asking: oidc-provider, for a proxy that keeps sessions. Its argument is the proxy's redirect URI. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { exportPrivateJwk, generateSigningKey } from '@sallyport/credentials'
import { Provider } from 'oidc-provider'
import { freePorts } from '../../tests/free-ports.ts'

const accountId = 'user_alice0000000000001'
const { port } = await freePorts(['port'])
const said = {
  issuer: `http://127.0.0.1:${port}`,
  clientId: 'proxy',
  secret: randomBytes(32).toString('base64url'),
}
const key = generateSigningKey('ES256')
const provider: Provider = new Provider(said.issuer, {
  clients: [
    {
      client_id: said.clientId,
      client_secret: said.secret,
      redirect_uris: [process.argv[2]],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...exportPrivateJwk(key), kid: key.kid, alg: key.algorithm, use: 'sig' }] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: () => '/sign-in' },
  findAccount: () => ({
    accountId,
    claims: () => ({ sub: accountId, email: 'alice@example.test', email_verified: true }),
  }),
  loadExistingGrant: async () => {
    const grant = new provider.Grant({ accountId, clientId: said.clientId })
    grant.addOIDCScope('openid email')
    await grant.save()
    return grant
  },
})
const answer = provider.callback()
createServer((request, response) => {
  if (request.url !== '/sign-in') return answer(request, response)
  return provider.interactionFinished(request, response, { login: { accountId } })
}).listen(port, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(said)}\n`))
process.once('SIGTERM', () => process.exit(0))
