import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { decodeBase64url, generateSigningKey } from '@sallyport/credentials'
import { presentedAccessToken } from '../presented-access-token.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { given, redeem, refresh, refusal, rounds, signedIn } from '../testing/token-flow.ts'
import { proof } from '../testing/token-requests.ts'

const orders = 'http://localhost:4300'

const payload = (jwt: string | undefined): Record<string, unknown> =>
  JSON.parse(decodeBase64url(jwt?.split('.')[1] ?? '')?.toString('utf8') ?? '')

test('S1 of 50 simultaneous redemptions of one code exactly one wins (OAuth 2.1 §4.1.3, RFC 9700 §4.2.4)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  for (let round = 0; round < rounds; round++) {
    const minted = await harness.mintCode()
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(harness, harness.clients.webApp, minted)))
    const won = answers.filter(answer => 'body' in answer)
    assert.equal(won.length, 1)
    for (const answer of answers)
      if ('error' in answer) assert.match(refusal(answer), /^invalid_grant (code_replayed|family_revoked)$/)
  }
})

test('S2 a second redemption that is otherwise right ends the tokens of the first (OAuth 2.1 §7.5.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const minted = await harness.mintCode()
  const tokens = given(await redeem(harness, webApp, minted))
  assert.equal(refusal(await redeem(harness, webApp, minted)), 'invalid_grant code_replayed')
  assert.equal(refusal(await refresh(harness, webApp, tokens.refresh_token)), 'invalid_grant family_revoked')
  assert.deepEqual(await presentedAccessToken(tokens.access_token, harness.context), { dead: 'revoked' })
  assert.equal(harness.audits.at(-1)?.action, 'family.revoke')
})

test('S2 a second redemption that is wrong in another way ends nothing (OAuth 2.1 §7.5.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, spa } = harness.clients
  const minted = await harness.mintCode()
  const tokens = given(await redeem(harness, webApp, minted))
  const wrong = [
    redeem(harness, spa, minted),
    redeem(harness, webApp, minted, { code_verifier: 'w'.repeat(43) }),
    redeem(harness, webApp, minted, { redirect_uri: 'http://localhost:4200/other' }),
    redeem(harness, webApp, minted, {}, { resources: ['https://elsewhere.example'] }),
    redeem(harness, webApp, minted, {}, { proofs: ['no proof'] }),
  ]
  for (const answer of await Promise.all(wrong)) assert.ok('error' in answer)
  assert.ok('body' in (await refresh(harness, webApp, tokens.refresh_token)))
})

test('S2 a refused request leaves the code usable: the honest retry succeeds (RFC 8707 §2.2, RFC 9449 §8)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, spa } = harness.clients
  const key = generateSigningKey('ES256')
  const stale = proof(harness, key, { nonce: 'stale' })
  for (const refused of [
    { sent: { resources: ['https://elsewhere.example'] }, as: 'invalid_target resource_not_granted' },
    { sent: { proofs: ['no proof'] }, as: 'invalid_dpop_proof invalid_dpop_proof' },
    { sent: { proofs: [stale] }, as: 'use_dpop_nonce use_dpop_nonce' },
    { client: spa, as: 'invalid_grant code_of_other_client' },
    { parameters: { redirect_uri: 'http://localhost:4200/cb/' }, as: 'invalid_grant redirect_uri_mismatch' },
    { parameters: { code_verifier: 'w'.repeat(43) }, as: 'invalid_grant pkce_mismatch' },
    { parameters: { client_id: 'spa' }, as: 'invalid_client client_id_mismatch' },
  ]) {
    const minted = await harness.mintCode()
    const answer = await redeem(harness, refused.client ?? webApp, minted, refused.parameters, refused.sent)
    assert.equal(refusal(answer), refused.as)
    assert.ok('body' in (await redeem(harness, webApp, minted)), refused.as)
  }
})

test('S14 a token request without redirect_uri works, with the right one too (OAuth 2.1 §10.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  assert.ok('body' in (await redeem(harness, webApp, await harness.mintCode())))
  const sent = { redirect_uri: 'http://localhost:4200/cb' }
  assert.ok('body' in (await redeem(harness, webApp, await harness.mintCode(), sent)))
})

test('S24 a code is over after codeTtlSeconds (OAuth 2.1 §4.1.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  harness.clock.advance(harness.context.settings.codeTtlSeconds + 1)
  assert.equal(refusal(await redeem(harness, harness.clients.webApp, minted)), 'invalid_grant code_unknown')
})

test('a code with a wrong secret or of another kind is unknown, with the answer of a foreign one', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const [first, second] = [await harness.mintCode(), await harness.mintCode()]
  for (const code of [
    first.code.slice(0, 26) + second.code.slice(26),
    first.code.replace('sp_ac_', 'sp_rt_'),
    'x',
    '',
  ]) {
    const answer = await redeem(harness, webApp, { ...first, code })
    assert.ok('error' in answer)
    if (code !== '') assert.equal(answer.error, 'invalid_grant')
    else assert.equal(answer.error, 'invalid_request')
  }
})

test('S46 a code asked for with dpop_jkt works with that key alone (RFC 9449 §10)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { spa } = harness.clients
  const [right, other] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
  const minted = await harness.mintCode(spa, { dpop_jkt: right.kid })
  const wrong = await redeem(harness, spa, minted, {}, { proofs: [proof(harness, other)] })
  assert.equal(refusal(wrong), 'invalid_grant dpop_key_mismatch')
  assert.equal(refusal(await redeem(harness, spa, minted)), 'invalid_grant dpop_proof_missing')
  const tokens = given(await redeem(harness, spa, minted, {}, { proofs: [proof(harness, right)] }))
  assert.equal(tokens.token_type, 'DPoP')
  const presented = await presentedAccessToken(tokens.access_token, harness.context)
  assert.deepEqual('claims' in presented && presented.claims.cnf, { jkt: right.kid })
})

test('the ID token names nonce, session, sign-in and access token, and no personal data (OpenID Connect Core §2, §3.1.3.6)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  const claims = payload(given(await redeem(harness, harness.clients.webApp, minted)).id_token)
  const { record } = minted
  for (const [name, value] of Object.entries({
    iss: harness.context.issuer,
    sub: record.subject,
    aud: 'web-app',
    nonce: record.nonce,
    sid: record.session,
    auth_time: record.auth_time,
    acr: record.acr,
  }))
    assert.equal(claims[name], value, name)
  assert.deepEqual(claims.amr, record.amr)
  assert.equal(claims.email ?? claims.name, undefined)
  const asked = await harness.mintCode(harness.clients.webApp, { claims: { id_token: ['email', 'unknown'] } })
  const withEmail = payload(given(await redeem(harness, harness.clients.webApp, asked)).id_token)
  assert.equal(withEmail.email, 'alice@shop.example', 'asked for by name (Core §5.5)')
  const plain = await signedIn(harness, harness.clients.webApp, { scope: ['read:orders'] })
  assert.equal(plain.id_token, undefined, 'no openid, no ID token')
})

test('an ID token is signed as the client is registered, at_hash with the algorithm’s own hash (OpenID Connect Core §3.1.3.6)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  for (const [algorithm, digest] of [
    [undefined, 'sha256'],
    ['RS256', 'sha256'],
    ['EdDSA', 'sha512'],
  ] as const) {
    const value = { ...harness.clients.webApp, ...(algorithm && { id_token_signed_response_alg: algorithm }) }
    await harness.context.store.commit([{ put: { kind: 'client', key: 'web-app', value } }])
    const tokens = await signedIn(harness, value)
    const header = JSON.parse(decodeBase64url(tokens.id_token?.split('.')[0] ?? '')?.toString('utf8') ?? '')
    assert.equal(header.alg, algorithm ?? 'ES256')
    const full = hash(digest, tokens.access_token, 'buffer')
    assert.equal(payload(tokens.id_token).at_hash, full.subarray(0, full.length / 2).toString('base64url'))
  }
})

test('S76 access tokens carry no personal data; roles where the resource asks for them (RFC 9068 §6, §2.2.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const tokens = await signedIn(harness, harness.clients.webApp, {
    scope: ['openid', 'profile', 'email', 'read:orders'],
    granted: [orders],
  })
  const claims = payload(tokens.access_token)
  assert.deepEqual(claims.roles, ['customer'])
  assert.doesNotMatch(JSON.stringify(claims), /Alice|alice@/)
  assert.equal(claims.aud, orders)
  assert.match(String(claims.family), /^fam_/)
})

test('access tokens live 300 to 900 s whatever is configured (DESIGN row 3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  for (const [configured, got] of [
    [1, 300],
    [600, 600],
    [86_400, 900],
  ] as const) {
    const gateway = { ...harness.resources.gateway, access_token_ttl_seconds: configured }
    await harness.context.store.commit([{ put: { kind: 'resource', key: gateway.resource, value: gateway } }])
    assert.equal((await signedIn(harness, harness.clients.webApp)).expires_in, got)
  }
})
