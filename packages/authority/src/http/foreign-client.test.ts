import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { type BackChannel, openBackChannel } from '../testing/back-channel-listener.ts'

/** oauth4webapi, which was not written here, through the real listener; the harness's clock is ahead of this machine's. */
async function foreignClient({ harness, send }: BackChannel, clientId: string) {
  const options = {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (
      url: string,
      init: { method: string; headers: Record<string, string>; body?: unknown },
    ) => {
      const { pathname, search } = new URL(url)
      const body = init.body === undefined || init.body === null ? undefined : String(init.body)
      const method = init.method === 'POST' ? 'POST' : 'GET'
      const received = await send({
        method,
        url: pathname + search,
        headers: init.headers,
        ...(body === undefined ? {} : { body }),
      })
      const headers = Object.entries(received.headers).map(([name, value]): [string, string] => [name, String(value)])
      return new Response(received.text, { status: received.status, headers })
    },
  }
  const issuer = new URL(harness.context.issuer)
  const response = await oauth.discoveryRequest(issuer, options)
  const as = await oauth.processDiscoveryResponse(issuer, response)
  const skew = harness.clock.seconds - Math.floor(Date.now() / 1000)
  const client: oauth.Client = { client_id: clientId, [oauth.clockSkew]: skew }
  return { as, client, options }
}

async function privateKeyOf({ harness }: BackChannel, clientId: string): Promise<oauth.PrivateKey> {
  const key = harness.clientKeys[clientId]
  assert.ok(key)
  const jwk = key.privateKey.export({ format: 'jwk' })
  const usage = { name: 'ECDSA', namedCurve: 'P-256' }
  return { key: await crypto.subtle.importKey('jwk', jwk, usage, false, ['sign']), kid: key.kid }
}

test('a client of another hand: DPoP with a nonce challenge, ID token, userinfo, refresh, revocation (oauth4webapi)', async t => {
  const channel = await openBackChannel(t)
  const { harness } = channel
  const { as, client, options } = await foreignClient(channel, 'strict')
  const authentication = oauth.PrivateKeyJwt(await privateKeyOf(channel, 'strict'))
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  const minted = await harness.mintCode(harness.clients.strict)
  const callback = oauth.validateAuthResponse(
    as,
    client,
    new URLSearchParams({ code: minted.code, iss: harness.context.issuer, state: 's' }),
    's',
  )
  const redeem = () =>
    oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      callback,
      minted.record.redirect_uri,
      minted.verifier,
      {
        ...options,
        DPoP,
      },
    )
  const process = async (response: Response) =>
    oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: minted.record.nonce ?? '',
      requireIdToken: true,
    })
  const tokens = await redeem()
    .then(process)
    .catch(async (error: unknown) => {
      assert.ok(oauth.isDPoPNonceError(error), 'the first answer is a nonce challenge')
      return process(await redeem())
    })
  assert.equal(tokens.token_type, 'dpop')
  const subject = oauth.getValidatedIdTokenClaims(tokens)?.sub ?? ''
  assert.equal(subject, harness.account.id)

  const userinfo = await oauth.userInfoRequest(as, client, tokens.access_token, { ...options, DPoP })
  const { name } = await oauth.processUserInfoResponse(as, client, subject, userinfo)
  assert.equal(name, 'Alice Archer')

  const refreshed = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', {
    ...options,
    DPoP,
  })
  const next = await oauth.processRefreshTokenResponse(as, client, refreshed)
  assert.equal(next.token_type, 'dpop')
  const revoked = await oauth.revocationRequest(as, client, authentication, tokens.refresh_token ?? '', options)
  await oauth.processRevocationResponse(revoked)
  const after = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', {
    ...options,
    DPoP,
  })
  await assert.rejects(
    oauth.processRefreshTokenResponse(as, client, after),
    /invalid_grant|server responded with an error/,
  )
})

test('a machine and an API of another hand: client credentials, introspection as JSON and as JWT (oauth4webapi)', async t => {
  const channel = await openBackChannel(t)
  const machine = await foreignClient(channel, 'nightly')
  const secret = oauth.ClientSecretPost(channel.harness.secrets.nightly ?? '')
  const parameters = { scope: 'read:orders' }
  const response = await oauth.clientCredentialsGrantRequest(
    machine.as,
    machine.client,
    secret,
    parameters,
    machine.options,
  )
  const { access_token } = await oauth.processClientCredentialsResponse(machine.as, machine.client, response)

  const api = await foreignClient(channel, 'gateway')
  const key = oauth.PrivateKeyJwt(await privateKeyOf(channel, 'gateway'))
  const asked = await oauth.introspectionRequest(api.as, api.client, key, access_token, {
    ...api.options,
    requestJwtResponse: false,
  })
  const plain = await oauth.processIntrospectionResponse(api.as, api.client, asked)
  assert.deepEqual([plain.active, plain.sub], [true, 'client_nightly'])
  const client = { ...api.client, introspection_signed_response_alg: 'ES256' }
  const signed = await oauth.introspectionRequest(api.as, client, key, access_token, {
    ...api.options,
    requestJwtResponse: true,
  })
  const fromJwt = await oauth.processIntrospectionResponse(api.as, client, signed)
  await oauth.validateApplicationLevelSignature(api.as, signed, api.options)
  assert.deepEqual(fromJwt, plain)
})
