import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { formType, openBackChannel } from '../testing/back-channel-listener.ts'
import { basic, proof, requestOf, tokenRequest } from '../testing/token-requests.ts'

const machine = { grant_type: 'client_credentials', scope: 'read:orders' }

test('a token answer is JSON that nobody stores (OAuth 2.1 §3.2.3)', async t => {
  const { harness, post } = await openBackChannel(t)
  const answer = await post('/token', await requestOf(harness, harness.clients.nightly, machine))
  assert.equal(answer.status, 200)
  assert.match(String(answer.headers['content-type']), /^application\/json/)
  const { access_token, token_type, expires_in, scope } = answer.json()
  assert.match(String(access_token), /^sp_at_/)
  assert.deepEqual([token_type, expires_in, scope], ['Bearer', 300, 'read:orders'])
})

test('S15 no-store on every answer, refusals included (OAuth 2.1 §3.2.3)', async t => {
  const { harness, post, send } = await openBackChannel(t)
  const { nightly, gateway } = harness.clients
  for (const answer of [
    await post('/token', await requestOf(harness, nightly, machine)),
    await post('/token', tokenRequest(harness, machine)),
    await post('/introspect', await requestOf(harness, gateway, { token: 'x' })),
    await post('/introspect', tokenRequest(harness, { token: 'x' })),
    await post('/revoke', await requestOf(harness, nightly, { token: 'x' })),
    await send({ url: '/userinfo' }),
    await send({ url: '/token' }),
    await send({ method: 'POST', url: '/token', body: '{', headers: { 'content-type': 'application/json' } }),
  ])
    assert.equal(answer.headers['cache-control'], 'no-store', `${answer.status} ${answer.text}`)
})

test('S9 a repeated parameter is invalid_request, an empty one left out, an unknown one ignored (OAuth 2.1 §3.2)', async t => {
  const { harness, send } = await openBackChannel(t)
  const secret = harness.secrets.nightly
  const right = `grant_type=client_credentials&client_id=nightly&client_secret=${secret}&scope=read:orders`
  const ask = (body: string) => send({ method: 'POST', url: '/token', body, headers: { 'content-type': formType } })
  for (const repeated of [
    '&scope=read:orders',
    '&scope=',
    '&client_id=nightly',
    '&grant_type=client_credentials',
    '&x=1&x=2',
  ]) {
    const answer = await ask(right + repeated)
    assert.equal(answer.status, 400)
    assert.equal(answer.json().error, 'invalid_request', repeated)
  }
  assert.equal((await ask(`${right}&code=&unknown=1`)).status, 200)
  const twoResources = `${right}&resource=http://localhost:4300&resource=http://localhost:4300`
  assert.equal((await ask(twoResources)).status, 200, 'resource alone may repeat (RFC 8707 §2)')
})

test('S16 two ways to authenticate in one request are invalid_request (OAuth 2.1 §2.4)', async t => {
  const { harness, post } = await openBackChannel(t)
  const request = await requestOf(harness, harness.clients.nightly, machine)
  const both = { ...request, authorization: basic('nightly', harness.secrets.nightly ?? '') }
  const answer = await post('/token', both)
  assert.deepEqual([answer.status, answer.json().error], [400, 'invalid_request'])
})

test('S17 failed authentication is 401 with WWW-Authenticate, one text for every reason (OAuth 2.1 §3.2.4)', async t => {
  const { harness, post } = await openBackChannel(t)
  const basicOf = (id: string, secret: string) => ({
    ...tokenRequest(harness, machine),
    authorization: basic(id, secret),
  })
  const texts = new Set<unknown>()
  for (const request of [
    basicOf('web-app', harness.secrets.nightly ?? ''),
    basicOf('nobody', harness.secrets.nightly ?? ''),
    basicOf('nightly', harness.secrets.nightly ?? ''),
    { ...tokenRequest(harness, machine), authorization: 'Basic %%%' },
    { ...tokenRequest(harness, machine), authorization: 'Bearer x' },
    tokenRequest(harness, machine),
    tokenRequest(harness, { ...machine, client_id: 'nightly' }),
  ]) {
    const answer = await post('/token', request)
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm="/)
    const { error, error_description, reason } = answer.json()
    assert.equal(error, 'invalid_client')
    assert.equal(reason, undefined)
    texts.add(error_description)
  }
  assert.equal(texts.size, 1)
  const reasons = new Set(harness.log.map(line => line.fields.reason))
  for (const reason of ['client_secret', 'client_unknown', 'client_method', 'basic_malformed'])
    assert.ok(reasons.has(reason), `the log says ${reason}`)
})

test('S18 names, secrets and tokens in the query are refused (OAuth 2.1 §2.4.1)', async t => {
  const { harness, post } = await openBackChannel(t)
  const request = await requestOf(harness, harness.clients.nightly, machine)
  for (const query of ['client_id=nightly', `client_secret=x`, 'code=x', 'refresh_token=x', 'token=a&token=b']) {
    const answer = await post(`/token?${query}`, request)
    assert.deepEqual([answer.status, answer.json().reason], [400, 'parameter_in_query'], query)
  }
  assert.equal((await post('/token?tracking=1', request)).status, 200)
})

test('S39 more than one DPoP header is invalid_dpop_proof (RFC 9449 §4.3)', async t => {
  const { harness, post } = await openBackChannel(t)
  const key = generateSigningKey('ES256')
  const proofs = [proof(harness, key), proof(harness, key)]
  const answer = await post('/token', await requestOf(harness, harness.clients.nightly, machine, { proofs }))
  assert.deepEqual([answer.status, answer.json().error], [400, 'invalid_dpop_proof'])
})

test('S44 a missing or stale nonce is 400 use_dpop_nonce with exactly one fresh DPoP-Nonce (RFC 9449 §8)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { strict } = harness.clients
  const key = generateSigningKey('ES256')
  const minted = await harness.mintCode(strict)
  const send = async (nonce?: string) => {
    const proofs = [proof(harness, key, nonce === undefined ? {} : { nonce })]
    const parameters = { grant_type: 'authorization_code', code: minted.code, code_verifier: minted.verifier }
    return post('/token', await requestOf(harness, strict, parameters, { proofs }))
  }
  for (const nonce of [undefined, 'stale']) {
    const challenge = await send(nonce)
    assert.deepEqual([challenge.status, challenge.json().error], [400, 'use_dpop_nonce'])
    assert.equal(typeof challenge.headers['dpop-nonce'], 'string')
  }
  const nonce = String((await send()).headers['dpop-nonce'])
  const answer = await send(nonce)
  assert.deepEqual([answer.status, answer.json().token_type], [200, 'DPoP'])
  assert.equal(typeof answer.headers['dpop-nonce'], 'string', 'the next one comes along (§8.2)')
})

test('S47 a page of the client’s own origin can read answers and refusals, another cannot (Fetch §3.2)', async t => {
  const { harness, post, send } = await openBackChannel(t)
  const request = await requestOf(harness, harness.clients.spa, { grant_type: 'refresh_token', refresh_token: 'x' })
  const own = await post('/token', request, { origin: 'http://localhost:4201' })
  assert.equal(own.status, 400)
  assert.equal(own.headers['access-control-allow-origin'], 'http://localhost:4201')
  assert.match(String(own.headers['access-control-expose-headers']), /WWW-Authenticate.*DPoP-Nonce/)
  assert.equal(own.headers['access-control-allow-credentials'], undefined)
  const foreign = await post('/token', request, { origin: 'https://evil.example' })
  assert.equal(foreign.headers['access-control-allow-origin'], undefined)
  assert.ok(harness.log.some(line => line.event === 'origin_unlisted'))
  const preflight = await send({ method: 'OPTIONS', url: '/token', headers: { origin: 'http://localhost:4201' } })
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-methods']], [204, 'POST'])
  assert.match(String(preflight.headers['access-control-allow-headers']), /dpop/)
  const introspection = await post('/introspect', request, { origin: 'http://localhost:4201' })
  assert.equal(introspection.headers['access-control-allow-origin'], undefined, 'no browser asks this')
})

test('a body of another type, size or encoding is the standard’s error (RFC 6749 §5.2)', async t => {
  const { send } = await openBackChannel(t)
  for (const path of ['/token', '/introspect', '/revoke']) {
    for (const [type, body] of [
      ['application/json', '{"grant_type":"client_credentials"}'],
      ['multipart/form-data; boundary=x', '--x--'],
      [`${formType}; charset=iso-8859-1`, 'a=b'],
      [formType, 'a=%zz'],
      [formType, Buffer.from([0x61, 0x3d, 0xff])],
      [formType, 'a=%00'],
    ] as const) {
      const answer = await send({ method: 'POST', url: path, headers: { 'content-type': type }, body })
      assert.deepEqual([answer.status, answer.json().error], [400, 'invalid_request'], `${path} ${type}`)
    }
    const large = await send({
      method: 'POST',
      url: path,
      headers: { 'content-type': formType },
      body: `a=${'x'.repeat(200_000)}`,
    })
    assert.equal(large.status, 413)
  }
})

test('GET at a form endpoint is 405 and names POST (RFC 9110 §15.5.6)', async t => {
  const { send } = await openBackChannel(t)
  for (const path of ['/token', '/introspect', '/revoke']) {
    const answer = await send({ url: path })
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST'])
  }
})

test('S56 an issuer with a path has all its endpoints below it (RFC 8414 §3.1)', async t => {
  const { harness, post, send } = await openBackChannel(t, { issuer: 'http://localhost:4000/tenant' })
  const answer = await post('/tenant/token', await requestOf(harness, harness.clients.reporter, machine))
  assert.equal(answer.status, 200)
  assert.equal((await send({ url: '/tenant/jwks' })).status, 200)
  assert.equal((await send({ url: '/jwks' })).status, 404)
})
