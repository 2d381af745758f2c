/** Clients that claim to be others, or more than they are, at the endpoints of a started system. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { generateSigningKey } from '@sallyport/credentials'
import { getTokens, nowSeconds, tokenRequest } from '../code-flow.ts'
import { exchange, type Reply } from '../exchange.ts'
import { systemOfFile } from '../system.ts'
import { administratorToken, assertionOf } from './doors.ts'
import { assertTokenError } from './token-error.ts'

const system = await systemOfFile()
const { issuer, resources } = system
const spa = { client: 'spa', username: 'alice', scope: 'openid read:orders offline_access', resource: resources.inside }
const webApp = { ...spa, client: 'web-app', resource: resources.outside }

const orders = (token: string, at = system.ordersApi): Promise<Reply> =>
  exchange(`${at}/orders`, { headers: { authorization: `Bearer ${token}` } })

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

test('an exchange widens no scope, changes no audience and is for the gateway alone (RFC 8693 §2.1, §2.2.2)', async () => {
  const { access } = await getTokens(system, webApp)
  const ask = async (clientId: string, more: Record<string, string>) => {
    const body = new URLSearchParams({
      grant_type: exchangeGrant,
      subject_token: access,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: resources.inside,
      ...(await assertionOf(system, clientId)),
      ...more,
    })
    return exchange(`${issuer}/token`, { method: 'POST', body })
  }
  for (const scope of ['write:orders', 'read:orders refund:orders', 'openid'])
    assertTokenError(await ask('gateway', { scope }), 'invalid_scope', scope)
  for (const resource of [`${issuer}/manage`, 'http://localhost:9/x', resources.outside])
    assertTokenError(await ask('gateway', { resource }), 'invalid_target', resource)
  assertTokenError(await ask('gateway', { subject_token: `${access}x` }), 'invalid_request', 'a token that is none')
  for (const client of ['reporter', 'orders-api'])
    assertTokenError(await ask(client, {}), 'unauthorized_client', client)
  const impersonated = { ...spa, grant_type: exchangeGrant, subject_token: access, resource: resources.inside }
  const { client: _client, username: _username, ...parameters } = impersonated
  assertTokenError(await tokenRequest(system, 'spa', parameters), 'unauthorized_client', 'spa')
  const swapped = await ask('gateway', {})
  assert.equal(swapped.json.scope, 'read:orders', swapped.text)
  assert.equal((await orders(String(swapped.json.access_token))).status, 200)
})

test('whoever is not told of a token learns nothing of it by introspection (RFC 7662 §2.2, §4)', async () => {
  const { access } = await getTokens(system, webApp)
  const introspect = (more: Record<string, string>, headers = {}) =>
    exchange(`${issuer}/introspect`, { method: 'POST', headers, body: new URLSearchParams({ token: access, ...more }) })
  const basic = (id: string) => ({ authorization: `Basic ${btoa(`${id}:${system.client(id).client_secret}`)}` })
  for (const reply of [
    await introspect({}, basic('nightly')),
    await introspect({}, basic('web-app')),
    await introspect(await assertionOf(system, 'reporter')),
  ]) {
    assert.equal(reply.text, '{"active":false}')
  }
  for (const reply of [
    await introspect({}),
    await introspect({ client_id: 'spa' }),
    await introspect({ client_id: 'gateway' }),
  ])
    assertTokenError(reply, 'invalid_client', 'no credentials')
  const { json } = await introspect(await assertionOf(system, 'gateway'))
  assert.equal(json.active, true)
})

test('nobody revokes another client’s token (RFC 7009 §2.1)', async () => {
  const { access, refresh } = await getTokens(system, webApp)
  for (const token of [access, refresh]) {
    const body = new URLSearchParams({ token, client_id: 'spa' })
    await exchange(`${issuer}/revoke`, { method: 'POST', body })
    const nobody = await exchange(`${issuer}/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })
    assertTokenError(nobody, 'invalid_client', 'no client')
  }
  await wait(700)
  assert.equal((await orders(access, system.gateway)).status, 200)
  const renewed = await tokenRequest(system, 'web-app', { grant_type: 'refresh_token', refresh_token: refresh })
  assert.equal(renewed.status, 200)
})

test('a client is who it proves to be: secrets and assertions that are not quite right (RFC 6749 §2.3, RFC 7523 §3)', async () => {
  const { client_secret: secret = '' } = system.client('nightly')
  const grant = { grant_type: 'client_credentials', resource: resources.inside, scope: 'read:orders' }
  const post = (more: Record<string, string>, headers: Record<string, string> = {}, query = '') =>
    exchange(`${issuer}/token${query}`, { method: 'POST', headers, body: new URLSearchParams({ ...grant, ...more }) })
  const basic = (id: string, word: string) => ({ authorization: `Basic ${btoa(`${id}:${word}`)}` })
  const assertion = (changes: Parameters<typeof assertionOf>[2] = {}) => assertionOf(system, 'reporter', changes)
  const once = await assertion()
  assert.equal((await post(once)).status, 200)
  const attempts: Readonly<Record<string, Reply>> = {
    'wrong secret': await post({}, basic('nightly', `${secret}x`)),
    'no secret': await post({ client_id: 'nightly' }),
    'empty secret': await post({}, basic('nightly', '')),
    'unknown client': await post({}, basic('nobody', secret)),
    'another client’s secret': await post({}, basic('web-app', secret)),
    'a secret where a key is registered': await post({}, basic('reporter', secret)),
    'an assertion used again': await post(once),
    'an assertion by another key': await post(await assertion({ key: generateSigningKey('ES256') })),
    'an assertion of another client’s key': await post(await assertion({ clientId: 'gateway' })),
    'an assertion for the token endpoint': await post(await assertion({ issuer: `${issuer}/token` })),
    'an assertion of yesterday': await post(await assertion({ nowSeconds: nowSeconds() - 86_400 })),
    'another client_id beside it': await post({ ...(await assertion()), client_id: 'nightly' }),
  }
  for (const [what, reply] of Object.entries(attempts)) {
    const fits = reply.json.error === 'invalid_client' || reply.json.error === 'invalid_request'
    assert.ok(fits && reply.status >= 400 && reply.status < 402, `${what}: ${reply.status} ${reply.text}`)
  }
  const inQuery = await post({}, {}, `?client_id=nightly&client_secret=${secret}`)
  assertTokenError(inQuery, 'invalid_request', 'a secret in the query')
  const twice = await post({ client_id: 'nightly', client_secret: secret }, basic('nightly', secret))
  assertTokenError(twice, 'invalid_request', 'two methods at once')
  assert.equal((await post({}, basic('nightly', secret))).status, 200)
})

test('a token whose scope does not reach changes nothing at the management API (RFC 6750 §3.1)', async () => {
  const reader = await administratorToken(system, 'manage:clients:read')
  const call = (method: string, path: string, token = reader) =>
    exchange(`${issuer}/manage${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '*' },
      body: method === 'GET' ? '' : '{}',
    })
  assert.equal((await call('GET', '/clients')).status, 200)
  for (const [method, path] of [
    ['POST', '/clients'],
    ['DELETE', '/clients/nightly'],
    ['PATCH', '/clients/nightly'],
    ['POST', '/clients/nightly/secrets'],
    ['GET', '/users'],
    ['POST', '/keys/rotate'],
    ['GET', '/grants'],
    ['POST', '/tokens/inspect'],
  ] as const) {
    const reply = await call(method, path)
    assert.equal(reply.status, 403, `${method} ${path}: ${reply.text}`)
    assert.match(String(reply.headers['www-authenticate']), /error="insufficient_scope", scope="manage:/)
  }
  assert.equal((await call('GET', '/clients/nightly', await administratorToken(system))).status, 200)
  for (const client of ['nightly', 'web-app']) {
    const wanted = { grant_type: 'client_credentials', resource: `${issuer}/manage`, scope: 'manage:clients:read' }
    const reply = await tokenRequest(system, client, wanted)
    assert.ok(reply.status === 400 && reply.json.access_token === undefined, reply.text)
  }
})
