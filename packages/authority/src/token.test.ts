import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateSigningKey, mintOpaqueToken } from '@sallyport/credentials'
import { openHarness } from './testing/authority-harness.ts'
import { ask, given, redeem, refusal } from './testing/token-flow.ts'
import { proof, requestOf } from './testing/token-requests.ts'
import { token } from './token.ts'

test('an unknown, missing or unlisted grant type is told apart (RFC 6749 §5.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, nightly } = harness.clients
  assert.equal(refusal(await ask(harness, webApp, {})), 'invalid_request grant_type_missing')
  for (const grant_type of ['password', 'implicit', 'toString', 'urn:ietf:params:oauth:grant-type:device_code'])
    assert.equal(refusal(await ask(harness, webApp, { grant_type })), 'unsupported_grant_type grant_type_unknown')
  const unlisted = await ask(harness, nightly, { grant_type: 'refresh_token', refresh_token: 'x' })
  assert.equal(refusal(unlisted), 'unauthorized_client grant_type_not_allowed')
})

test('every grant is in the audit trail by the commit that is waited for, with no token in it (DESIGN §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  const disk = Promise.withResolvers<void>()
  const { store } = harness.context
  const take: typeof store.take = async (kind, key, effects) => {
    await disk.promise
    return store.take(kind, key, effects)
  }
  const context = { ...harness.context, store: { ...store, take } }
  const request = await requestOf(harness, harness.clients.webApp, {
    grant_type: 'authorization_code',
    code: minted.code,
    code_verifier: minted.verifier,
  })
  let answered = false
  const answer = token(request, context).finally(() => {
    answered = true
  })
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal(answered, false, 'it waits for the disk')
  assert.equal(harness.audits.length, 0)
  disk.resolve()
  const { body } = { body: given(await answer) }
  const [record] = harness.audits
  assert.deepEqual([record?.action, record?.actor, record?.target], ['token.grant', 'web-app', harness.account.id])
  assert.equal(record?.detail?.grant_type, 'authorization_code')
  for (const secret of [body.access_token, body.refresh_token ?? '', minted.code, minted.verifier])
    assert.doesNotMatch(JSON.stringify(harness.audits), new RegExp(secret))
})

test('every refusal is in the log with rule, expected and got, and no secret (HOUSE-STYLE §5)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  const { webApp } = harness.clients
  await redeem(harness, webApp, minted, { redirect_uri: 'http://localhost:4200/cb/' })
  const line = harness.log.at(-1)
  assert.equal(line?.event, 'token_refused')
  const { error, reason, rule, expected, got } = line?.fields ?? {}
  assert.deepEqual(
    [error, reason, rule, expected, got],
    [
      'invalid_grant',
      'redirect_uri_mismatch',
      'OAuth 2.1 §10.2',
      'http://localhost:4200/cb',
      'http://localhost:4200/cb/',
    ],
  )
  await redeem(harness, webApp, { ...minted, verifier: 'v'.repeat(43) })
  await ask(harness, webApp, { grant_type: 'refresh_token', refresh_token: minted.code })
  const lines = JSON.stringify(harness.log)
  for (const secret of [minted.code, 'v'.repeat(43), harness.secrets['web-app'] ?? '-'])
    assert.equal(lines.includes(secret), false)
})

test('client secrets: an expired one is refused, a second live one works while it is replaced', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nightly } = harness.clients
  const [secret] = nightly.secrets
  assert.ok(secret)
  const ends = { ...secret, expires_at: harness.clock.seconds + 10 }
  const next = mintOpaqueToken('cs', { nowMs: 0, random: harness.context.random })
  const both = { ...nightly, secrets: [ends, { hash: next.secretHash, created_at: harness.clock.seconds }] }
  await harness.context.store.commit([{ put: { kind: 'client', key: 'nightly', value: both } }])
  const machine = { grant_type: 'client_credentials' }
  assert.ok('body' in (await ask(harness, nightly, machine)))
  assert.ok('body' in (await ask(harness, nightly, { ...machine, client_secret: next.token })))
  harness.clock.advance(10)
  assert.equal(refusal(await ask(harness, nightly, machine)), 'invalid_client client_secret')
  assert.ok('body' in (await ask(harness, nightly, { ...machine, client_secret: next.token })))
})

test('a disabled client is invalid_client at once (OAuth 2.1 §3.2.4)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nightly } = harness.clients
  await harness.context.store.commit([
    { put: { kind: 'client', key: 'nightly', value: { ...nightly, disabled: true } } },
  ])
  assert.equal(
    refusal(await ask(harness, nightly, { grant_type: 'client_credentials' })),
    'invalid_client client_disabled',
  )
})

test('S77 resource, scope and client can demand a DPoP proof at issuing (RFC 9449 §5)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nightly } = harness.clients
  const strict = { ...harness.resources.gateway, require_sender_constraint: true }
  await harness.context.store.commit([{ put: { kind: 'resource', key: strict.resource, value: strict } }])
  const machine = { grant_type: 'client_credentials' }
  assert.equal(refusal(await ask(harness, nightly, machine)), 'invalid_dpop_proof sender_constraint_required')
  const proofs = [proof(harness, generateSigningKey('EdDSA'))]
  const answer = await ask(harness, nightly, machine, { proofs })
  assert.equal('body' in answer && answer.body.token_type, 'DPoP')
})

test('the store holds no token, only hashes: nothing in its files is one (DESIGN §3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  const answer = await redeem(harness, harness.clients.webApp, minted)
  assert.ok('body' in answer)
  const files = readdirSync(harness.folder).map(name => readFileSync(join(harness.folder, name), 'latin1'))
  for (const token of [
    minted.code,
    answer.body.access_token,
    answer.body.refresh_token ?? '-',
    harness.secrets['web-app'] ?? '-',
  ])
    assert.equal(
      files.some(text => text.includes(token.slice(26, 60))),
      false,
    )
})

test('S25 codes, tokens and secrets are of 256 random bits, no two alike in any part (OAuth 2.1 §7.7)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const credentials: string[] = []
  for (let round = 0; round < 10; round++) {
    const minted = await harness.mintCode()
    const tokens = given(await redeem(harness, harness.clients.webApp, minted))
    credentials.push(minted.code, tokens.access_token, tokens.refresh_token ?? '')
  }
  for (const credential of credentials) assert.match(credential, /^sp_(ac|at|rt)_[0-9A-Za-z]{69}$/)
  // 43 characters of 62 hold 256 bits; they stand before the 6 of the checksum.
  const secrets = credentials.map(credential => credential.slice(-49, -6))
  assert.equal(new Set(secrets).size, secrets.length)
  assert.equal(new Set(secrets.map(secret => secret.slice(0, 8))).size, secrets.length)
})
