import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signNow } from '@sallyport/credentials'
import { revokeClient, revokeFamilies } from './revoke.ts'
import { openHarness } from './testing/authority-harness.ts'
import { refusal } from './testing/token-flow.ts'
import { requestOf } from './testing/token-requests.ts'
import { token } from './token.ts'
import type { TokenFamily } from './token-family.ts'

test('a sign-out between the judgement of a code and its commit wins: no tokens, no live family (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { code, verifier, record } = await harness.mintCode()
  const context = {
    ...harness.context,
    // Signing comes after everything was judged and before the code is taken.
    sign: async (...signing: Parameters<typeof signNow>) => {
      await revokeFamilies(
        harness.context,
        { session: record.session },
        { actor: record.subject, reason: 'signed_out' },
      )
      return signNow(...signing)
    },
  }
  const parameters = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const answer = await token(await requestOf(harness, harness.clients.webApp, parameters), context)
  assert.equal(refusal(answer), 'invalid_grant session_ended')
  const family = await context.store.peek<TokenFamily>('family', record.family)
  assert.equal(typeof family?.value.revoked_at, 'number')
})

test('a client that another process disabled while this one remembered it gets no family that lives when it comes back', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const { code, verifier, record } = await harness.mintCode()
  const parameters = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const request = await requestOf(harness, webApp, parameters)
  await harness.context.store.registered('client', webApp.client_id)
  // Past this process's view of the store, as another one writes.
  const put = { kind: 'client', key: webApp.client_id, value: { ...webApp, disabled: true } }
  await harness.store.of('main').commit([{ put }])
  await revokeClient(harness.context, webApp.client_id, { actor: 'admin', reason: 'client_withdrawn' })
  assert.equal(refusal(await token(request, harness.context)), 'invalid_grant client_disabled')
  const family = await harness.context.store.peek<TokenFamily>('family', record.family)
  assert.equal(typeof family?.value.revoked_at, 'number')
})
