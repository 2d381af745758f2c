import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOpaqueToken } from '@sallyport/credentials'
import type { AuthorizationCode } from '../authorization-code.ts'
import { bobsPassword, openFront } from '../testing/front-harness.ts'
import { titleOf } from '../testing/test-browser.ts'

test('authorize, password, consent, code: the whole way with state and iss, and the second time without a question (OAuth 2.1 §4.1)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const signIn = await browser.open(front.authorizePath())
  assert.equal(titleOf(signIn), 'Sign in · Sallyport')
  const consent = await browser.submit(signIn, '/sign-in', { username: 'BOB', password: bobsPassword })
  assert.match(titleOf(consent), /^Allow web-app\?/)
  assert.match(consent.body, /See your orders/)
  const done = await browser.submit(consent, '/consent', { answer: 'allow' })
  assert.equal(done.status, 303)
  const location = new URL(done.location ?? '')
  assert.equal(location.origin + location.pathname, 'http://localhost:4200/cb')
  assert.equal(location.searchParams.get('state'), 'state-1')
  assert.equal(location.searchParams.get('iss'), 'http://localhost:4000')
  const code = parseOpaqueToken(location.searchParams.get('code') ?? '', 'ac')
  const stored = await front.context.store.peek<AuthorizationCode>('code', code?.selector ?? '')
  assert.equal(stored?.value.subject, front.bob.id)
  assert.equal(stored?.value.secret_hash, code?.secretHash)
  assert.deepEqual(stored?.value.amr, ['pwd'])
  const again = await browser.get(front.authorizePath())
  assert.match(again.location ?? '', /[?&]code=sp_ac_/)
})
