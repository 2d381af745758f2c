import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RevocationEntry } from '@sallyport/credentials'
import type { AuthorityContext } from './context.ts'
import { presentedAccessToken } from './presented-access-token.ts'
import { revokeAccessToken, revokeClient, revokeFamilies, revokeKey } from './revoke.ts'
import { openHarness } from './testing/authority-harness.ts'
import { ask, given, refresh, refusal, signedIn } from './testing/token-flow.ts'
import { requestOf } from './testing/token-requests.ts'
import { token } from './token.ts'

const cause = { actor: 'system', reason: 'test' }

test('families end by grant, session, subject or client, each counted once (RFC 7009 §2.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account } = harness
  const grant = harness.grantOf(clients.webApp).id
  for (const [selection, count] of [
    [{ grant }, 1],
    [{ session: harness.session.sid }, 2],
    [{ subject: account.id }, 2],
    [{ client_id: 'web-app' }, 1],
    [{ client_id: 'nobody' }, 0],
    [{ family: 'fam_unknown' }, 0],
  ] as const) {
    // A session that ended gives no codes any more; these families are of one that goes on.
    await context.store.commit([{ remove: { kind: 'ended-session', key: harness.session.sid } }])
    await signedIn(harness, clients.webApp)
    await signedIn(harness, clients.spa)
    assert.equal(await revokeFamilies(context, selection, cause), count, JSON.stringify(selection))
    assert.equal(await revokeFamilies(context, selection, cause), 0, 'not twice')
    await revokeFamilies(context, { subject: account.id }, cause)
  }
})

test('hundreds of families of one subject all end, each with its entry in the feed', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account } = harness
  const many = await Promise.all(Array.from({ length: 250 }, () => signedIn(harness, clients.webApp)))
  assert.equal(await revokeFamilies(context, { subject: account.id }, cause), 250)
  const { entries } = await context.store.read<RevocationEntry>('revocation', 0, 500)
  assert.equal(new Set(entries.map(({ value }) => value.id)).size, 250)
  for (const { access_token } of many.slice(0, 5))
    assert.deepEqual(await presentedAccessToken(access_token, context), { dead: 'revoked' })
})

test('of 20 simultaneous revocations of one family one counts, and a refresh beside them leaves nothing alive', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account } = harness
  const tokens = await signedIn(harness, clients.webApp)
  const [counts, refreshed] = await Promise.all([
    Promise.all(Array.from({ length: 20 }, () => revokeFamilies(context, { subject: account.id }, cause))),
    refresh(harness, clients.webApp, tokens.refresh_token),
  ])
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1,
  )
  if ('body' in refreshed) {
    assert.deepEqual(await presentedAccessToken(refreshed.body.access_token, context), { dead: 'revoked' })
    assert.equal(
      refusal(await refresh(harness, clients.webApp, refreshed.body.refresh_token)),
      'invalid_grant family_revoked',
    )
  }
})

test('seed 2: a crash between the end of a family and its audit record: who asks again writes it before being told', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account } = harness
  await signedIn(harness, clients.webApp)
  const crash = new Error('crash')
  const crashing = { ...context, audit: () => Promise.reject(crash) }
  await assert.rejects(revokeFamilies(crashing, { subject: account.id }, cause), crash)
  const ends = () => harness.audits.filter(({ action }) => action === 'family.revoke').length
  assert.equal(ends(), 0)
  for (let again = 0; again < 3; again += 1)
    assert.equal(await revokeFamilies(context, { subject: account.id }, cause), 0, 'it was over already')
  assert.equal(ends(), 1)
})

test('seed 62: the end of one access token is in the audit trail before it is in force, so no crash hides it', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients } = harness
  const { access_token } = await signedIn(harness, clients.webApp)
  const read = async () => {
    const presented = await presentedAccessToken(access_token, context)
    return 'claims' in presented ? presented.claims : assert.fail(presented.dead)
  }
  const crash = new Error('crash')
  const crashing = { ...context, audit: () => Promise.reject(crash) }
  await assert.rejects(revokeAccessToken(crashing, await read(), cause), crash)
  const claims = await read()
  await revokeAccessToken(context, claims, cause)
  assert.deepEqual(await presentedAccessToken(access_token, context), { dead: 'unknown' })
  assert.deepEqual([harness.audits.at(-1)?.action, harness.audits.at(-1)?.target], ['token.revoke', claims.jti])
})

test('the tokens of a client, or of a key, that were issued until now end; later ones live', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, clock } = harness
  const jwt = async () =>
    given(
      await ask(
        harness,
        clients.reporter,
        { grant_type: 'client_credentials' },
        { resources: ['http://localhost:4300'] },
      ),
    )
  const first = await jwt()
  await revokeClient(context, 'reporter', cause)
  assert.deepEqual(await presentedAccessToken(first.access_token, context), { dead: 'revoked' })
  clock.advance(context.settings.leewaySeconds + 1)
  const second = await jwt()
  assert.ok('claims' in (await presentedAccessToken(second.access_token, context)))
  await revokeKey(context, (await context.keys.signing('ES256')).kid, cause)
  assert.deepEqual(await presentedAccessToken(second.access_token, context), { dead: 'revoked' })
})

test('seed 100035: a token whose request saw its client enabled ends with the client, however long the request takes', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, clock } = harness
  const { sign } = context
  const slowly: AuthorityContext = {
    ...context,
    sign: async (key, input) => {
      clock.advance(1)
      await revokeClient(context, 'reporter', cause)
      clock.advance(60)
      return sign(key, input)
    },
  }
  const parameters = { grant_type: 'client_credentials' }
  const request = await requestOf(harness, clients.reporter, parameters, { resources: ['http://localhost:4300'] })
  const { access_token } = given(await token(request, slowly))
  assert.deepEqual(await presentedAccessToken(access_token, context), { dead: 'revoked' })
})

test('revocations are forgotten when no token they name can be alive, and rows with them', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { context, clients, account, clock } = harness
  await signedIn(harness, clients.webApp)
  await revokeFamilies(context, { subject: account.id }, cause)
  clock.advance(1001)
  assert.equal((await context.store.list('revocation', { limit: 10 })).records.length, 0)
  assert.equal((await context.store.read('revocation', 0, 10)).entries.length, 0)
})
