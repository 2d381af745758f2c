import assert from 'node:assert/strict'
import { test } from 'node:test'
import { revokeFamilies } from '../revoke.ts'
import { openHarness } from '../testing/authority-harness.ts'
import { requestOf } from '../testing/token-requests.ts'
import { token } from '../token.ts'
import { judgeSession } from './session-alive.ts'

test('a code given out just before its session ended works no more (OAuth 2.1 §4.1.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { code, verifier, record } = await harness.mintCode()
  const end = () => harness.context.store.peek('ended-session', record.session)
  assert.equal(judgeSession(await end()), undefined)
  await revokeFamilies(harness.context, { session: record.session }, { actor: record.subject, reason: 'signed_out' })
  assert.equal(judgeSession(await end())?.reason, 'session_ended')
  const parameters = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const answer = await token(await requestOf(harness, harness.clients.webApp, parameters), harness.context)
  assert.equal('error' in answer && answer.reason, 'session_ended')
})
