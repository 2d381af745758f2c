import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeBase64url, generateSigningKey } from '@sallyport/credentials'
import type { AuthorityHarness } from '../testing/authority-harness.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { given, refresh, refusal, rounds, signedIn } from '../testing/token-flow.ts'
import { proof } from '../testing/token-requests.ts'
import type { TokenFamily } from '../token-family.ts'

const day = 86_400

test('S26 a bearer public client gets a new refresh token each time (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const spa = { ...harness.clients.spa, refresh_token_rotation: false }
  await harness.context.store.commit([{ put: { kind: 'client', key: 'spa', value: spa } }])
  const first = await signedIn(harness, spa)
  const second = given(await refresh(harness, spa, first.refresh_token))
  assert.ok(second.refresh_token)
  assert.notEqual(second.refresh_token, first.refresh_token, 'whatever it is registered with')
})

test('of 50 simultaneous refreshes all get the same one successor (DECISIONS "Refresh")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  for (let round = 0; round < rounds; round++) {
    const { refresh_token } = await signedIn(harness, webApp)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(harness, webApp, refresh_token)))
    const tokens = answers.map(answer => given(answer))
    assert.equal(new Set(tokens.map(each => each.refresh_token)).size, 1, 'one successor')
    assert.equal(new Set(tokens.map(each => each.access_token)).size, 50, 'a fresh access token each')
  }
})

test('without rotation a confidential client keeps its refresh token (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { strict } = harness.clients
  const key = generateSigningKey('ES256')
  const nonce = harness.context.dpopNonces.issue(harness.clock.seconds)
  const proofs = () => ({ proofs: [proof(harness, key, { nonce })] })
  const first = await signedIn(harness, strict, proofs())
  for (let use = 0; use < 3; use++) {
    const next = given(await refresh(harness, strict, first.refresh_token, {}, proofs()))
    assert.equal(next.refresh_token, undefined)
    assert.ok(next.access_token)
  }
})

test('S29 rotation never extends the life that the first token was given (browser-based apps BCP)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  let { refresh_token } = await signedIn(harness, webApp)
  for (let week = 0; week < 4; week++) {
    harness.clock.advance(7 * day)
    refresh_token = given(await refresh(harness, webApp, refresh_token)).refresh_token
  }
  harness.clock.advance(3 * day)
  assert.match(refusal(await refresh(harness, webApp, refresh_token)), /^invalid_grant /)
})

test('S30 a narrower access token leaves the refresh token as wide as it was (OAuth 2.1 §4.3.1, §4.3.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const first = await signedIn(harness, webApp)
  const narrow = given(await refresh(harness, webApp, first.refresh_token, { scope: 'read:orders' }))
  assert.equal(narrow.scope, 'read:orders')
  assert.equal(narrow.id_token, undefined)
  const wide = given(await refresh(harness, webApp, narrow.refresh_token))
  assert.equal(wide.scope, 'openid profile read:orders')
  const wider = await refresh(harness, webApp, wide.refresh_token, { scope: 'read:orders write:orders' })
  assert.equal(refusal(wider), 'invalid_scope scope_not_granted')
})

test('S31 refresh ends with the grant, the account or the scope (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { refresh_token } = await signedIn(harness, webApp)
  const { context, account } = harness
  const grant = harness.grantOf(webApp)
  const write = (kind: string, key: string, value: object) => context.store.commit([{ put: { kind, key, value } }])
  await write('grant', grant.id, { ...grant, revoked_at: context.now() })
  assert.equal(refusal(await refresh(harness, webApp, refresh_token)), 'invalid_grant grant_revoked')
  await write('grant', grant.id, grant)
  await write('account', account.id, { ...account, disabled: true })
  assert.equal(refusal(await refresh(harness, webApp, refresh_token)), 'invalid_grant account_disabled')
  await write('account', account.id, account)
  await write('client', 'web-app', { ...webApp, scopes: ['openid', 'profile'] })
  assert.equal(refusal(await refresh(harness, webApp, refresh_token)), 'invalid_grant scope_lost')
  await write('client', 'web-app', webApp)
  assert.ok('body' in (await refresh(harness, webApp, refresh_token)), 'nothing of this used the token up')
})

test('S32 another client learns nothing: its answer is that of an unknown token (OAuth 2.1 §4.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, spa } = harness.clients
  const { refresh_token } = await signedIn(harness, webApp)
  const foreign = await refresh(harness, spa, refresh_token)
  const unknown = await refresh(harness, spa, 'sp_rt_unknown')
  assert.ok('error' in foreign && 'error' in unknown)
  assert.deepEqual([foreign.error, foreign.hint], [unknown.error, unknown.hint])
  assert.ok('body' in (await refresh(harness, webApp, refresh_token)), 'and the token was not used up')
})

test('S45 a public client’s refresh token is bound to its key, a confidential one’s is not (RFC 9449 §5)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { spa, webApp } = harness.clients
  const [key, other] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
  const withKey = (of = key) => ({ proofs: [proof(harness, of)] })
  const bound = await signedIn(harness, spa, withKey())
  const thief = await refresh(harness, spa, bound.refresh_token, {}, withKey(other))
  assert.equal(refusal(thief), 'invalid_grant dpop_key_mismatch')
  assert.equal(refusal(await refresh(harness, spa, bound.refresh_token)), 'invalid_grant dpop_proof_missing')
  assert.equal(given(await refresh(harness, spa, bound.refresh_token, {}, withKey())).token_type, 'DPoP')
  const free = await signedIn(harness, webApp, withKey())
  assert.equal(given(await refresh(harness, webApp, free.refresh_token, {}, withKey(other))).token_type, 'DPoP')
})

test('a refused request leaves the refresh token usable (RFC 8707 §2.2, RFC 9449 §8)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  let { refresh_token } = await signedIn(harness, webApp)
  for (const [parameters, sent] of [
    [{ scope: 'nothing' }, {}],
    [{}, { resources: ['https://elsewhere.example'] }],
    [{}, { proofs: ['no proof'] }],
    [{}, { proofs: [proof(harness, generateSigningKey('ES256'), { nonce: 'stale' })] }],
    [{ client_id: 'spa' }, {}],
  ] as const) {
    assert.ok('error' in (await refresh(harness, webApp, refresh_token, parameters, sent)))
    harness.clock.advance(60)
    refresh_token = given(await refresh(harness, webApp, refresh_token)).refresh_token
  }
})

test('a family has one live refresh token, and its row says nothing readable (DESIGN §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  let { refresh_token } = await signedIn(harness, webApp)
  for (let step = 0; step < 4; step++)
    refresh_token = given(await refresh(harness, webApp, refresh_token)).refresh_token
  const rows = await refreshRows(harness)
  assert.equal(rows.filter(row => row.usedAt === undefined).length, 1)
  const replies = await harness.context.store.list('refresh-reply', { limit: 100 })
  const everything = JSON.stringify([rows, replies.records])
  assert.doesNotMatch(everything, /sp_rt_/)
  const { records } = await harness.context.store.list<TokenFamily>('family', { limit: 10 })
  assert.equal(records.length, 1)
})

test('the ID token of a refresh has the sign-in’s time and no nonce (OpenID Connect Core §12.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const first = await signedIn(harness, harness.clients.webApp)
  const signedInAt = harness.clock.seconds
  harness.clock.advance(1000)
  const { id_token } = given(await refresh(harness, harness.clients.webApp, first.refresh_token))
  const claims = JSON.parse(decodeBase64url(id_token?.split('.')[1] ?? '')?.toString('utf8') ?? '')
  assert.equal(claims.auth_time, signedInAt)
  assert.equal(claims.nonce, undefined)
  assert.equal(claims.sub, harness.account.id)
})

async function refreshRows(harness: AuthorityHarness) {
  return (await harness.context.store.list('refresh', { limit: 100 })).records
}
