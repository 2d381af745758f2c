import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessTokenHash, createDpopProof, generateSigningKey, type SigningKey } from '@sallyport/credentials'
import { type BackChannel, formType, openBackChannel } from './testing/back-channel-listener.ts'
import { ask, given, redeem, signedIn } from './testing/token-flow.ts'
import { proof } from './testing/token-requests.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const dpop = (
  { harness }: BackChannel,
  key: SigningKey,
  token: string,
  method: 'GET' | 'POST',
  ath = accessTokenHash(token),
) => ({
  authorization: `DPoP ${token}`,
  dpop: createDpopProof(key, {
    htm: method,
    htu: `${harness.context.issuer}/userinfo`,
    iat: harness.clock.seconds,
    jti: `${Math.random()}`,
    ath,
  }),
})

test('S71 sub is that of the ID token, and claims follow the scopes (OpenID Connect Core §5.3.2, §5.4)', async t => {
  const { harness, send } = await openBackChannel(t)
  const { webApp } = harness.clients
  const all = await signedIn(harness, webApp, { scope: ['openid', 'profile', 'email', 'read:orders'] })
  const idToken = JSON.parse(Buffer.from(all.id_token?.split('.')[1] ?? '', 'base64url').toString('utf8'))
  for (const method of ['GET', 'POST'] as const) {
    const answer = await send({ method, url: '/userinfo', headers: bearer(all.access_token) })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json(), {
      sub: idToken.sub,
      name: 'Alice Archer',
      preferred_username: 'alice',
      email: 'alice@shop.example',
      email_verified: true,
    })
  }
  const few = await signedIn(harness, webApp, { scope: ['openid'] })
  const answer = await send({ url: '/userinfo', headers: bearer(few.access_token) })
  assert.deepEqual(answer.json(), { sub: harness.account.id })
})

test('the claims parameter asks for single claims (OpenID Connect Core §5.5)', async t => {
  const { harness, send } = await openBackChannel(t)
  const { webApp } = harness.clients
  const minted = await harness.mintCode(webApp, {
    scope: ['openid'],
    resources: [],
    claims: { userinfo: ['email', 'x'] },
  })
  const { access_token } = given(await redeem(harness, webApp, minted))
  const answer = await send({ url: '/userinfo', headers: bearer(access_token) })
  assert.deepEqual(answer.json(), { sub: harness.account.id, email: 'alice@shop.example' })
})

test('the token may come in a form body, but in one way only (RFC 6750 §2.2)', async t => {
  const { harness, send } = await openBackChannel(t)
  const { access_token } = await signedIn(harness, harness.clients.webApp)
  const body = `access_token=${access_token}`
  const headers = { 'content-type': formType }
  assert.equal((await send({ method: 'POST', url: '/userinfo', headers, body })).status, 200)
  const twice = await send({ method: 'POST', url: '/userinfo', headers: { ...headers, ...bearer(access_token) }, body })
  assert.deepEqual([twice.status, twice.json().error], [400, 'invalid_request'])
  assert.equal((await send({ url: `/userinfo?access_token=${access_token}` })).status, 401, 'never in the address')
})

test('S42 a DPoP token sent as Bearer is 401 invalid_token (RFC 9449 §7.2)', async t => {
  const channel = await openBackChannel(t)
  const { harness, send } = channel
  const [key, other] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
  const { access_token } = await signedIn(harness, harness.clients.spa, { proofs: [proof(harness, key)] })
  const asBearer = await send({ url: '/userinfo', headers: bearer(access_token) })
  assert.deepEqual([asBearer.status, asBearer.json().error], [401, 'invalid_token'])
  assert.match(String(asBearer.headers['www-authenticate']), /^DPoP .*algs="ES256/)
  const right = dpop(channel, key, access_token, 'GET')
  assert.equal((await send({ url: '/userinfo', headers: right })).status, 200)
  assert.equal((await send({ url: '/userinfo', headers: right })).status, 401, 'a proof works once (S41)')
  for (const wrong of [
    dpop(channel, other, access_token, 'GET'),
    dpop(channel, key, access_token, 'POST'),
    dpop(channel, key, access_token, 'GET', accessTokenHash('another token')),
    { authorization: `DPoP ${access_token}` },
  ]) {
    const answer = await send({ url: '/userinfo', headers: wrong })
    assert.deepEqual([answer.status, answer.json().error], [401, 'invalid_dpop_proof'])
  }
})

test('no token, a dead one and one without openid are told apart (RFC 6750 §3.1)', async t => {
  const { harness, send } = await openBackChannel(t)
  const none = await send({ url: '/userinfo' })
  assert.equal(none.status, 401)
  assert.doesNotMatch(String(none.headers['www-authenticate']), /error=/)
  const dead = await send({ url: '/userinfo', headers: bearer('sp_at_dead') })
  assert.match(String(dead.headers['www-authenticate']), /^Bearer .*error="invalid_token"/)
  const machine = given(await ask(harness, harness.clients.nightly, { grant_type: 'client_credentials' }))
  const narrow = await send({ url: '/userinfo', headers: bearer(machine.access_token) })
  assert.deepEqual([narrow.status, narrow.json().error], [403, 'insufficient_scope'])
  for (const authorization of ['Basic eDp5', 'Bearer', 'Bearer  a b', 'Bearer \u0001'])
    assert.equal((await send({ url: '/userinfo', headers: { authorization } })).status, 400)
})
