import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBackChannel } from '../testing/back-channel-listener.ts'

test('S10 S13 both documents say the same: iss in responses, S256 alone (RFC 9207 §3, RFC 9700 §4.8.2)', async t => {
  const { send, harness } = await openBackChannel(t)
  const [oauth, openid] = [
    await send({ url: '/.well-known/oauth-authorization-server' }),
    await send({ url: '/.well-known/openid-configuration' }),
  ]
  assert.deepEqual(oauth.json(), openid.json())
  const document = oauth.json()
  assert.equal(document.issuer, harness.context.issuer)
  assert.equal(document.authorization_response_iss_parameter_supported, true)
  assert.deepEqual(document.code_challenge_methods_supported, ['S256'])
  assert.deepEqual(document.response_types_supported, ['code'])
  assert.doesNotMatch(oauth.text, /HS(256|384|512)|"implicit"|"password"/)
  assert.deepEqual(document.scopes_supported, [
    'openid',
    'profile',
    'email',
    'offline_access',
    'read:orders',
    'write:orders',
  ])
})

test('S56 an issuer with a path answers at all three well-known places with itself as issuer (RFC 8414 §3.1, §3.3)', async t => {
  const { send } = await openBackChannel(t, { issuer: 'http://localhost:4000/tenant' })
  for (const url of [
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ]) {
    const answer = await send({ url })
    assert.equal(answer.status, 200, url)
    assert.equal(answer.json().issuer, 'http://localhost:4000/tenant')
    assert.equal(answer.json().token_endpoint, 'http://localhost:4000/tenant/token')
  }
  assert.equal((await send({ url: '/.well-known/openid-configuration' })).status, 404, 'that would be another issuer')
})

test('metadata and keys may be read by every page and cached for five minutes (RFC 7517 §5)', async t => {
  const { send } = await openBackChannel(t)
  for (const url of ['/.well-known/openid-configuration', '/jwks']) {
    const answer = await send({ url, headers: { origin: 'https://anyone.example' } })
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.match(String(answer.headers['cache-control']), /max-age=300/)
    assert.equal((await send({ method: 'HEAD', url })).status, 200)
  }
})

test('the JWKS holds public keys alone, and every published one (RFC 7517 §5)', async t => {
  const { send, harness } = await openBackChannel(t)
  await harness.keys.signing('PS256')
  const { keys } = (await send({ url: '/jwks' })).json()
  assert.ok(Array.isArray(keys))
  assert.deepEqual(keys.map(key => key.alg).sort(), ['ES256', 'PS256'])
  for (const key of keys)
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(Object.hasOwn(key, secret), false)
})
