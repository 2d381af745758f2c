import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setPassword } from './accounts.ts'
import { signInWithPassword } from './password-sign-in.ts'
import { beginSession, listSessions } from './sessions.ts'
import { bobsPassword, openFront } from './testing/front-harness.ts'

test('a sign-in with the old password that was judged just before the password changed begins no session', async t => {
  const { bob, context } = await openFront(t)
  const input = { username: 'bob', password: bobsPassword, address: '192.0.2.1', browser: 'hash' }
  const late = await signInWithPassword(input, context)
  if ('refused' in late) throw new Error(late.refused)
  const current = await beginSession(late, 'test', undefined, context)
  assert.ok(current)
  await setPassword(context, bob.id, 'another walk by the sea', current.session.id)
  assert.equal(await beginSession(late, 'test', undefined, context), undefined)
  assert.deepEqual(
    (await listSessions(bob.id, context)).map(({ id }) => id),
    [current.session.id],
  )
})
