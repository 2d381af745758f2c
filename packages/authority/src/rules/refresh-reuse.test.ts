import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import type { Client } from '../client.ts'
import { presentedAccessToken } from '../presented-access-token.ts'
import { type AuthorityHarness, openHarness } from '../testing/authority-harness.ts'
import { given, refresh, refusal, signedIn } from '../testing/token-flow.ts'
import { proof } from '../testing/token-requests.ts'

/** Rotates a family: R0, R1, … one second apart. */
async function chain(harness: AuthorityHarness, client: Client, length: number, proofs?: () => readonly string[]) {
  const sent = () => (proofs === undefined ? {} : { proofs: proofs() })
  const first = await signedIn(harness, client, sent())
  const tokens = [first.refresh_token ?? '']
  let access = first.access_token
  while (tokens.length < length) {
    const next = given(await refresh(harness, client, tokens.at(-1), {}, sent()))
    tokens.push(next.refresh_token ?? '')
    access = next.access_token
    harness.clock.advance(1)
  }
  return { tokens, access }
}

test('S28 inside the window every older token is answered with the current one (FAPI 2.0 §5.3.2.1, DECISIONS "Refresh")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { tokens } = await chain(harness, harness.clients.spa, 5)
  for (const older of tokens.slice(0, -1)) {
    const again = given(await refresh(harness, harness.clients.spa, older))
    assert.equal(again.refresh_token, tokens.at(-1), 'R0 opens R1 opens R2')
    assert.equal(again.expires_in, 300)
  }
  const next = given(await refresh(harness, harness.clients.spa, tokens.at(-1)))
  assert.ok(!tokens.includes(next.refresh_token ?? ''), 'and the current one still rotates')
})

test('S27 after the window a bearer public client’s replay ends the family with its access tokens (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { spa } = harness.clients
  const { tokens, access } = await chain(harness, spa, 2)
  harness.clock.advance(31)
  assert.equal(refusal(await refresh(harness, spa, tokens[0])), 'invalid_grant refresh_replayed')
  assert.equal(refusal(await refresh(harness, spa, tokens[1])), 'invalid_grant family_revoked')
  assert.deepEqual(await presentedAccessToken(access, harness.context), { dead: 'revoked' })
  const { entries } = await harness.context.store.read('revocation', 0, 10)
  assert.equal(entries.length, 1, 'told to the feed in the same commit')
  const deed = harness.audits.at(-1)
  assert.deepEqual([deed?.action, deed?.reason, deed?.actor], ['family.revoke', 'refresh_replayed', 'spa'])
})

test('a client that proves who it is gets a lost successor again for a day, as long as nobody showed it', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { tokens } = await chain(harness, webApp, 2)
  for (const seconds of [3600, 80_000]) {
    harness.clock.advance(seconds)
    assert.equal(given(await refresh(harness, webApp, tokens[0])).refresh_token, tokens[1])
  }
  harness.clock.advance(3000)
  assert.equal(refusal(await refresh(harness, webApp, tokens[0])), 'invalid_grant refresh_replayed', 'over a day')
})

test('the same for a public client with its DPoP key', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  const proofs = () => [proof(harness, key)]
  const { tokens } = await chain(harness, harness.clients.nativeApp, 2, proofs)
  harness.clock.advance(3600)
  const again = await refresh(harness, harness.clients.nativeApp, tokens[0], {}, { proofs: proofs() })
  assert.equal(given(again).refresh_token, tokens[1])
})

test('seed 1: a used refresh token shown with another key, or none, ends the family inside the window too (DECISIONS "Refresh")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { nativeApp } = harness.clients
  const [key, thiefs] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
  for (const shown of [() => ({ proofs: [proof(harness, thiefs)] }), () => ({})]) {
    const { tokens } = await chain(harness, nativeApp, 2, () => [proof(harness, key)])
    assert.equal(refusal(await refresh(harness, nativeApp, tokens[0], {}, shown())), 'invalid_grant refresh_replayed')
    const owner = await refresh(harness, nativeApp, tokens[1], {}, { proofs: [proof(harness, key)] })
    assert.equal(refusal(owner), 'invalid_grant family_revoked')
  }
})

test('S27 after the window a token whose successor was shown is a replay for everybody (RFC 9700 §4.14.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { tokens } = await chain(harness, webApp, 3)
  harness.clock.advance(31)
  assert.equal(refusal(await refresh(harness, webApp, tokens[0])), 'invalid_grant refresh_replayed')
  assert.equal(refusal(await refresh(harness, webApp, tokens[2])), 'invalid_grant family_revoked')
})

test('S27 a replay that is wrong in another way ends nothing (OAuth 2.1 §7.5.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp, spa } = harness.clients
  const { tokens } = await chain(harness, webApp, 3)
  harness.clock.advance(31)
  const wrong = [
    await refresh(harness, spa, tokens[0]),
    await refresh(harness, webApp, tokens[0], { scope: 'nothing' }),
    await refresh(harness, webApp, tokens[0], {}, { resources: ['https://elsewhere.example'] }),
  ]
  for (const answer of wrong) assert.ok('error' in answer)
  assert.ok('body' in (await refresh(harness, webApp, tokens[2])))
})

test('sealed replies go when they are needed no longer, and with a family within a day of its end (DECISIONS "Refresh")', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { store } = harness.context
  const replies = async () => (await store.list('refresh-reply', { limit: 100 })).records.length
  const { tokens } = await chain(harness, webApp, 3)
  assert.equal(await replies(), 2)
  harness.clock.advance(40)
  const last = given(await refresh(harness, webApp, tokens[2]))
  assert.equal(await replies(), 1, 'only the one whose successor nobody has shown yet')
  harness.clock.advance(40)
  assert.ok('error' in (await refresh(harness, webApp, tokens[0])))
  assert.equal(refusal(await refresh(harness, webApp, tokens[2])), 'invalid_grant family_revoked')
  assert.equal(refusal(await refresh(harness, webApp, last.refresh_token)), 'invalid_grant family_revoked')
  harness.clock.advance(86_400)
  assert.equal(await replies(), 0)
})

test('seed 17: a family that a thief ended while its client asks again for a lost reply is over, and not replayed by the client', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { spa } = harness.clients
  const [own, thiefs] = [generateSigningKey('ES256'), generateSigningKey('ES256')]
  const { tokens } = await chain(harness, spa, 2, () => [proof(harness, own)])
  harness.clock.advance(60)
  const { store } = harness.context
  let stolen = false
  const meanwhile: typeof store = {
    peek: async (kind, key) => {
      if (kind === 'refresh-reply' && !stolen) {
        stolen = true
        const theft = await refresh(harness, spa, tokens[0], {}, { proofs: [proof(harness, thiefs)] })
        assert.equal(refusal(theft), 'invalid_grant refresh_replayed')
      }
      return store.peek(kind, key)
    },
    peekWith: (kind, key, references) => store.peekWith(kind, key, references),
    take: (kind, key, effects) => store.take(kind, key, effects),
    claim: (kind, hash, expiresAt) => store.claim(kind, hash, expiresAt),
    commit: writes => store.commit(writes),
    list: (kind, page) => store.list(kind, page),
    read: (stream, after, limit) => store.read(stream, after, limit),
    watch: (stream, onAppend) => store.watch(stream, onAppend),
    registered: (kind, key) => store.registered(kind, key),
  }
  const interrupted = { ...harness, context: { ...harness.context, store: meanwhile } }
  const honest = await refresh(interrupted, spa, tokens[0], {}, { proofs: [proof(harness, own)] })
  assert.equal(refusal(honest), 'invalid_grant family_revoked')
})
