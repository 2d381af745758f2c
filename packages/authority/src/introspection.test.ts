import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey, parseCompactJws, verifyJws, verifyKeyOf } from '@sallyport/credentials'
import { revokeClient, revokeFamilies } from './revoke.ts'
import { formType, openBackChannel } from './testing/back-channel-listener.ts'
import { ask, given, refresh, signedIn } from './testing/token-flow.ts'
import { proof, requestOf, tokenRequest } from './testing/token-requests.ts'

const orders = 'http://localhost:4300'

test('an opaque token says what a JWT would: scope, subject, client, family, audience (RFC 7662 §2.2)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { access_token } = await signedIn(harness, harness.clients.webApp)
  const answer = await post('/introspect', await requestOf(harness, harness.clients.gateway, { token: access_token }))
  const body = answer.json()
  assert.deepEqual(
    [body.active, body.token_type, body.sub, body.client_id, body.aud, body.scope, body.iss],
    [
      true,
      'Bearer',
      harness.account.id,
      'web-app',
      'http://localhost:4100/orders',
      'openid profile read:orders',
      harness.context.issuer,
    ],
  )
  assert.match(String(body.family), /^fam_/)
  assert.equal(body.cnf, undefined)
  assert.doesNotMatch(answer.text, /Alice|alice@/)
})

test('S43 a bound token is introspected with its key and as DPoP; a JWT with its roles (RFC 9449 §6.2)', async t => {
  const { harness, post } = await openBackChannel(t)
  const key = generateSigningKey('ES256')
  const proofs = [proof(harness, key)]
  const { access_token } = await signedIn(harness, harness.clients.spa, { granted: [orders], proofs })
  const answer = await post('/introspect', await requestOf(harness, harness.clients.ordersApi, { token: access_token }))
  const body = answer.json()
  assert.deepEqual([body.active, body.token_type, body.cnf, body.roles], [true, 'DPoP', { jkt: key.kid }, ['customer']])
})

test('S54 unknown, expired, revoked and foreign tokens are {"active":false} and nothing else (RFC 7662 §2.2)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { webApp, gateway, ordersApi } = harness.clients
  const ask = async (token: string, client = gateway) =>
    (await post('/introspect', await requestOf(harness, client, { token, token_type_hint: 'refresh_token' }))).text
  const inactive = '{"active":false}'
  const first = await signedIn(harness, webApp)
  assert.equal(await ask(first.access_token, ordersApi), inactive, 'not this API’s token')
  assert.equal(await ask(first.refresh_token ?? ''), inactive, 'a refresh token is no API’s business')
  assert.equal(await ask(first.id_token ?? ''), inactive, 'an ID token is no access token (S51)')
  const mistyped = first.access_token.slice(0, -1) + (first.access_token.endsWith('x') ? 'y' : 'x')
  assert.equal(await ask(mistyped), inactive, 'mistyped')
  assert.equal(await ask('unknown'), inactive)
  assert.match(await ask(first.access_token), /"active":true/)
  harness.clock.advance(300)
  assert.equal(await ask(first.access_token), inactive, 'expired')
  const second = await signedIn(harness, webApp)
  await revokeFamilies(harness.context, { subject: harness.account.id }, { actor: 'system', reason: 'test' })
  assert.equal(await ask(second.access_token), inactive, 'revoked with its family')
  harness.clock.advance(1)
  const third = await signedIn(harness, webApp)
  await revokeClient(harness.context, 'web-app', { actor: 'system', reason: 'test' })
  assert.equal(await ask(third.access_token), inactive, 'revoked with its client')
  harness.clock.advance(harness.context.settings.leewaySeconds + 1)
  const fourth = await signedIn(harness, webApp)
  assert.match(await ask(fourth.access_token), /"active":true/, 'what is issued afterwards lives')
  const disabled = { ...webApp, disabled: true }
  await harness.context.store.commit([{ put: { kind: 'client', key: 'web-app', value: disabled } }])
  assert.equal(await ask(fourth.access_token), inactive, 'of a disabled client')
})

test('S54 bad caller credentials are 401, and so is a caller without any (RFC 7662 §2.3)', async t => {
  const { harness, post } = await openBackChannel(t)
  for (const request of [
    tokenRequest(harness, { token: 'x' }),
    tokenRequest(harness, { token: 'x', client_id: 'spa' }),
    tokenRequest(harness, { token: 'x', client_id: 'nightly', client_secret: 'wrong' }),
  ]) {
    const answer = await post('/introspect', request)
    assert.deepEqual([answer.status, answer.json().error], [401, 'invalid_client'])
  }
  const missing = await post('/introspect', await requestOf(harness, harness.clients.gateway, {}))
  assert.deepEqual([missing.status, missing.json().error], [400, 'invalid_request'])
})

test('the answer comes as a signed JWT for the caller where it asks for one (RFC 9701 §4, §5)', async t => {
  const { harness, listener } = await openBackChannel(t)
  const { access_token } = await signedIn(harness, harness.clients.webApp)
  const request = await requestOf(harness, harness.clients.gateway, { token: access_token })
  const response = await listener.app.inject({
    method: 'POST',
    url: '/introspect',
    headers: { host: 'localhost:4000', 'content-type': formType, accept: 'application/token-introspection+jwt' },
    payload: new URLSearchParams([...request.parameters]).toString(),
  })
  assert.equal(response.headers['content-type'], 'application/token-introspection+jwt')
  const parsed = parseCompactJws(response.body)
  assert.ok(!('refused' in parsed))
  const key = await harness.keys.signing('ES256')
  assert.equal(verifyJws(parsed, verifyKeyOf(key), ['ES256']), true)
  assert.equal(parsed.header.typ, 'token-introspection+jwt')
  const claims = JSON.parse(Buffer.from(parsed.payload).toString('utf8'))
  assert.deepEqual([claims.iss, claims.aud], [harness.context.issuer, 'gateway'])
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'iat', 'iss', 'token_introspection'])
  assert.equal(claims.token_introspection.active, true)
})

test('S51 no token of ours is taken for another kind: ID token, introspection and refresh tokens are no access tokens', async t => {
  const { harness, post } = await openBackChannel(t)
  const { webApp, ordersApi } = harness.clients
  const tokens = await signedIn(harness, webApp, { granted: [orders] })
  const next = given(await refresh(harness, webApp, tokens.refresh_token))
  for (const token of [tokens.id_token, next.id_token, next.refresh_token]) {
    const answer = await post('/introspect', await requestOf(harness, ordersApi, { token: token ?? '' }))
    assert.equal(answer.text, '{"active":false}')
  }
  assert.ok('error' in (await ask(harness, webApp, { grant_type: 'refresh_token', refresh_token: next.access_token })))
})
