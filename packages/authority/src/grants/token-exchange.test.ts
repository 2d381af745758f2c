import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { presentedAccessToken } from '../presented-access-token.ts'
import type { Resource } from '../resource.ts'
import { revokeAccessToken } from '../revoke.ts'
import { type AuthorityHarness, openHarness } from '../testing/authority-harness.ts'
import { ask, given, refusal, signedIn } from '../testing/token-flow.ts'
import { proof } from '../testing/token-requests.ts'

const outside = 'http://localhost:4100/orders'
const inside = 'http://localhost:4300'

const swap = (
  harness: AuthorityHarness,
  token: string,
  parameters: Record<string, string> = {},
  client = harness.clients.gateway,
) =>
  ask(harness, client, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...parameters,
  })

const claimsOf = async (harness: AuthorityHarness, token: string) => {
  const presented = await presentedAccessToken(token, harness.context)
  if ('dead' in presented) throw new Error(presented.dead)
  return presented
}

test('the gateway swaps an opaque token for a JWT that the service accepts (RFC 8693 §2.2, DECISIONS "Phantom token")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const tokens = await signedIn(harness, harness.clients.webApp)
  const body = given(await swap(harness, tokens.access_token, { audience: inside }))
  assert.equal(body.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token')
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.refresh_token ?? body.id_token, undefined)
  const [before, after] = [await claimsOf(harness, tokens.access_token), await claimsOf(harness, body.access_token)]
  assert.deepEqual([before.format, after.format], ['opaque', 'jwt'])
  assert.equal(after.claims.aud, inside)
  for (const name of ['sub', 'client_id', 'acr', 'auth_time', 'family', 'jti'])
    assert.deepEqual(after.claims[name], before.claims[name], name)
  assert.equal(after.claims.scope, 'read:orders', 'who the user is stays outside')
  assert.deepEqual(after.claims.roles, ['customer'])
  assert.equal(after.claims.exp - after.claims.iat, 60)
})

test('S77 a JWT from outside is swapped as well: its binding is dropped, and `sender` says that the gateway checked it', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const gateway = { ...harness.resources.gateway, token_format: 'jwt' as const }
  await harness.context.store.commit([{ put: { kind: 'resource', key: outside, value: gateway } }])
  const key = generateSigningKey('ES256')
  const tokens = await signedIn(harness, harness.clients.spa, { proofs: [proof(harness, key)] })
  assert.equal(tokens.token_type, 'DPoP')
  const body = given(await swap(harness, tokens.access_token))
  const { claims } = await claimsOf(harness, body.access_token)
  assert.deepEqual([claims.cnf, claims.sender], [undefined, 'dpop'])
  const bearer = await signedIn(harness, harness.clients.webApp)
  const unbound = given(await swap(harness, bearer.access_token))
  assert.equal((await claimsOf(harness, unbound.access_token)).claims.sender, undefined)
})

test('S77 a service that takes sender-constrained tokens only gets none for a bearer token from outside (RFC 8693 §2.2.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const bearer = await signedIn(harness, harness.clients.webApp)
  const bound = await signedIn(harness, harness.clients.spa, { proofs: [proof(harness, generateSigningKey('ES256'))] })
  const { orders } = harness.resources
  const put = (changes: Partial<Resource>) =>
    harness.context.store.commit([{ put: { kind: 'resource', key: inside, value: { ...orders, ...changes } } }])
  const strict = (name: string) =>
    orders.scopes.map(each => ({ ...each, require_sender_constraint: each.scope === name }))
  for (const changes of [{ require_sender_constraint: true }, { scopes: strict('read:orders') }]) {
    await put(changes)
    const got = refusal(await swap(harness, bearer.access_token, { scope: 'read:orders' }))
    assert.equal(got, 'invalid_request subject_token_unbound')
    assert.equal(given(await swap(harness, bound.access_token)).scope, 'read:orders')
  }
  await put({ scopes: strict('write:orders') })
  assert.equal(given(await swap(harness, bearer.access_token)).scope, 'read:orders', 'the strict scope is not in it')
})

test('S60 exchange never widens scope, audience or lifetime (RFC 8693 §4.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { access_token } = await signedIn(harness, harness.clients.webApp)
  assert.equal(
    refusal(await swap(harness, access_token, { scope: 'write:orders' })),
    'invalid_scope exchange_widens_scope',
  )
  assert.equal(refusal(await swap(harness, access_token, { scope: 'openid' })), 'invalid_scope exchange_widens_scope')
  assert.equal(refusal(await swap(harness, access_token, { audience: outside })), 'invalid_target exchange_target')
  harness.clock.advance(280)
  const late = given(await swap(harness, access_token))
  assert.equal(late.expires_in, 20, 'the outside token’s end')
})

test('only the client that the resource names may exchange, and no phantom token again', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { clients, context } = harness
  const { access_token } = await signedIn(harness, clients.webApp)
  assert.equal(
    refusal(await swap(harness, access_token, {}, clients.reporter)),
    'unauthorized_client grant_type_not_allowed',
  )
  const reporter = { ...clients.reporter, grant_types: clients.gateway.grant_types }
  await context.store.commit([{ put: { kind: 'client', key: 'reporter', value: reporter } }])
  assert.equal(refusal(await swap(harness, access_token, {}, reporter)), 'invalid_target exchange_not_allowed')
  const phantom = given(await swap(harness, access_token))
  assert.equal(refusal(await swap(harness, phantom.access_token)), 'invalid_target exchange_not_allowed')
})

test('a dead subject token is invalid_request, and what revokes it revokes its phantom (RFC 8693 §2.2.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { access_token } = await signedIn(harness, harness.clients.webApp)
  const phantom = given(await swap(harness, access_token))
  const { claims } = await claimsOf(harness, access_token)
  await revokeAccessToken(harness.context, claims, { actor: 'web-app', reason: 'revoked_by_client' })
  assert.equal(refusal(await swap(harness, access_token)), 'invalid_request subject_token_inactive')
  assert.deepEqual(await presentedAccessToken(phantom.access_token, harness.context), { dead: 'revoked' })
})
