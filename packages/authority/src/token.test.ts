import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHarness } from './testing/authority-harness.ts'
import { requestOf } from './testing/token-requests.ts'
import { token } from './token.ts'

test('a code becomes an access token, a refresh token and an ID token (OAuth 2.1 §4.1.3, OpenID Connect Core §3.1.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { code, verifier } = await harness.mintCode()
  const request = await requestOf(harness, harness.clients.webApp, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
  })
  const answer = await token(request, harness.context)
  assert.ok('body' in answer)
})
