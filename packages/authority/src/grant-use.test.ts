import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from './grant.ts'
import { openHarness } from './testing/authority-harness.ts'
import { given, refresh, signedIn } from './testing/token-flow.ts'
import { requestOf } from './testing/token-requests.ts'
import { token } from './token.ts'

test('a grant says to the hour when tokens were last issued under it', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { id } = harness.grantOf(webApp)
  const stored = async () => harness.context.store.peek<Grant>('grant', id)
  const first = await signedIn(harness, webApp)
  const used = Math.floor(harness.clock.seconds / 3600) * 3600
  const noted = await stored()
  assert.equal(noted?.value.last_used_at, used)
  const second = await refresh(harness, webApp, first.refresh_token)
  assert.ok('body' in second)
  assert.equal((await stored())?.version, noted?.version, 'one write an hour')
  harness.clock.advance(3600)
  await refresh(harness, webApp, second.body.refresh_token)
  assert.equal((await stored())?.value.last_used_at, used + 3600)
  const bySubject = await harness.context.store.list('grant', { index: ['subject', harness.account.id], limit: 50 })
  assert.ok(
    bySubject.records.some(record => record.key === id),
    'and is still found by its user',
  )
})

test('a note that cannot be written costs nobody the tokens of a code that is used up', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const minted = await harness.mintCode()
  const { store } = harness.context
  const commit: typeof store.commit = () => Promise.reject(new Error('the connection was lost'))
  const asked = { grant_type: 'authorization_code', code: minted.code, code_verifier: minted.verifier }
  const request = await requestOf(harness, harness.clients.webApp, asked)
  given(await token(request, { ...harness.context, store: { ...store, commit } }))
  assert.equal(harness.log.at(-1)?.event, 'grant_use_unnoted')
})
