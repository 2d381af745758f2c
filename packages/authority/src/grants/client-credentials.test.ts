import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presentedAccessToken } from '../presented-access-token.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { ask, given, refusal } from '../testing/token-flow.ts'

const orders = 'http://localhost:4300'

test('a machine gets a token for itself: a JWT for one resource, opaque for another, never a refresh token (OAuth 2.1 §4.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nightly, reporter } = harness.clients
  const parameters = { grant_type: 'client_credentials', scope: 'read:orders' }
  const opaque = given(await ask(harness, nightly, parameters))
  assert.match(opaque.access_token, /^sp_at_/)
  assert.equal(opaque.refresh_token ?? opaque.id_token, undefined)
  const jwt = given(await ask(harness, reporter, parameters, { resources: [orders] }))
  assert.equal(jwt.access_token.split('.').length, 3)
  for (const { access_token } of [opaque, jwt]) {
    const presented = await presentedAccessToken(access_token, harness.context)
    assert.ok('claims' in presented)
    assert.match(presented.claims.family ?? '', /^fam_/)
    assert.equal(presented.claims.roles ?? presented.claims.acr, undefined)
  }
  assert.equal(harness.audits.length, 2)
})

test('S19 public clients may not use it (OAuth 2.1 §4.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const spa = { ...harness.clients.spa, grant_types: ['client_credentials'] as const }
  await harness.context.store.commit([{ put: { kind: 'client', key: 'spa', value: spa } }])
  const answer = await ask(harness, spa, { grant_type: 'client_credentials', scope: 'read:orders' })
  assert.equal(refusal(answer), 'unauthorized_client public_client')
})

test('S53 a machine named like a user has another subject (RFC 9068 §5, RFC 9700 §4.15)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const impostor = { ...harness.clients.nightly, client_id: harness.account.id }
  await harness.context.store.commit([{ put: { kind: 'client', key: impostor.client_id, value: impostor } }])
  const secret = harness.secrets.nightly
  const answer = await ask(harness, impostor, { grant_type: 'client_credentials', client_secret: secret })
  const presented = await presentedAccessToken(given(answer).access_token, harness.context)
  assert.equal('claims' in presented && presented.claims.sub, `client_${harness.account.id}`)
})

test('S74 what is unknown or not listed is refused, never left out (RFC 6749 §3.3, RFC 8707 §2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nightly } = harness.clients
  const scoped = (scope: string, resources: string[] = []) =>
    ask(harness, nightly, { grant_type: 'client_credentials', scope }, { resources })
  assert.equal(refusal(await scoped('read:orders write:orders')), 'invalid_scope scope_not_allowed')
  assert.equal(refusal(await scoped('raed:orders')), 'invalid_scope scope_unknown')
  assert.equal(refusal(await scoped('read:orders', ['https://x.example'])), 'invalid_target resource_unknown')
  assert.equal(
    refusal(await scoped('read:orders', [orders, 'http://localhost:4100/orders'])),
    'invalid_target one_resource_a_token',
  )
  assert.equal(refusal(await scoped('openid')), 'invalid_scope scope_needs_user')
})
