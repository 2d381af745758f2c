import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RevocationEntry } from '@sallyport/credentials'
import { presentedAccessToken } from './presented-access-token.ts'
import { openBackChannel } from './testing/back-channel-listener.ts'
import { given, refresh, refusal, signedIn } from './testing/token-flow.ts'
import { requestOf, tokenRequest } from './testing/token-requests.ts'

const orders = 'http://localhost:4300'

test('an access token ends alone, opaque or JWT, and the feed has it by its jti (RFC 7009 §2.1)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { webApp } = harness.clients
  for (const granted of [['http://localhost:4100/orders'], [orders]]) {
    const tokens = await signedIn(harness, webApp, { granted })
    const presented = await presentedAccessToken(tokens.access_token, harness.context)
    const answer = await post('/revoke', await requestOf(harness, webApp, { token: tokens.access_token }))
    assert.deepEqual([answer.status, answer.text], [200, '{}'])
    assert.equal('dead' in (await presentedAccessToken(tokens.access_token, harness.context)), true)
    const { entries } = await harness.context.store.read<RevocationEntry>('revocation', 0, 10)
    const last = entries.at(-1)?.value
    assert.deepEqual([last?.kind, last?.id], ['token', 'claims' in presented && presented.claims.jti])
    assert.equal(harness.audits.at(-1)?.action, 'token.revoke')
    assert.ok('body' in (await refresh(harness, webApp, tokens.refresh_token)), 'its refresh token lives')
  }
})

test('a refresh token ends its family, a used one as well (RFC 7009 §2.1)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { spa } = harness.clients
  const first = await signedIn(harness, spa)
  const second = given(await refresh(harness, spa, first.refresh_token))
  await post('/revoke', await requestOf(harness, spa, { token: first.refresh_token }))
  assert.equal(refusal(await refresh(harness, spa, second.refresh_token)), 'invalid_grant family_revoked')
  assert.deepEqual(await presentedAccessToken(second.access_token, harness.context), { dead: 'revoked' })
})

test('unknown, expired and ended tokens are 200, whatever the hint says (RFC 7009 §2.2)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { webApp } = harness.clients
  const tokens = await signedIn(harness, webApp)
  for (const [token, hint] of [
    ['unknown', 'access_token'],
    [tokens.id_token, 'access_token'],
    [tokens.access_token, 'refresh_token'],
    [tokens.access_token, 'refresh_token'],
    [tokens.refresh_token, 'access_token'],
    [tokens.refresh_token, 'no_such_hint'],
  ]) {
    const answer = await post('/revoke', await requestOf(harness, webApp, { token, token_type_hint: hint }))
    assert.equal(answer.status, 200)
  }
  assert.equal('dead' in (await presentedAccessToken(tokens.access_token, harness.context)), true)
  assert.equal(refusal(await refresh(harness, webApp, tokens.refresh_token)), 'invalid_grant family_revoked')
})

test('another client’s token is refused and lives on (RFC 7009 §2.1)', async t => {
  const { harness, post } = await openBackChannel(t)
  const { webApp, spa } = harness.clients
  const tokens = await signedIn(harness, webApp)
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    const answer = await post('/revoke', await requestOf(harness, spa, { token }))
    assert.deepEqual([answer.status, answer.json().error], [400, 'unauthorized_client'])
  }
  assert.ok('claims' in (await presentedAccessToken(tokens.access_token, harness.context)))
  assert.ok('body' in (await refresh(harness, webApp, tokens.refresh_token)))
})

test('only a client may ask, with a token (RFC 7009 §2.1)', async t => {
  const { harness, post } = await openBackChannel(t)
  assert.equal((await post('/revoke', tokenRequest(harness, { token: 'x' }))).status, 401)
  const missing = await post('/revoke', await requestOf(harness, harness.clients.spa, {}))
  assert.deepEqual([missing.status, missing.json().error], [400, 'invalid_request'])
})
