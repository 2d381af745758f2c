import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import fc from 'fast-check'
import { endSession, openSession, startSession } from './session.ts'
import { bffForTests } from './testing/bff-for-tests.ts'

async function started() {
  const bff = await bffForTests(() => new Response())
  const tokens = {
    accessToken: 'sp_at_secret',
    accessExpiresAt: 0,
    refreshToken: 'sp_rt_secret',
    scope: [],
    dpopKey: generateSigningKey('ES256'),
  }
  const { cookie } = await startSession({ user: { sub: 'user_alice' }, tokens, sid: 'sid', startedAt: 0 }, bff.context)
  return { ...bff, cookie }
}

test('S68 the cookie opens the session, and neither the cookie nor the row alone holds a token', async () => {
  const { context, cookie, close } = await started()
  assert.equal((await openSession(cookie, context))?.session.tokens.accessToken, 'sp_at_secret')
  const row = await context.store.peek('browser-session', cookie.split('.')[0] ?? '')
  assert.doesNotMatch(JSON.stringify(row) + cookie, /secret/)
  await close()
})

test('S68 the right row with another key opens nothing', async () => {
  const [one, two] = [await started(), await started()]
  const forged = `${one.cookie.split('.')[0]}.${two.cookie.split('.')[1]}`
  assert.equal(await openSession(forged, one.context), undefined)
  await one.close()
  await two.close()
})

test('an ended or expired session opens no more', async () => {
  const one = await started()
  const open = await openSession(one.cookie, one.context)
  assert.ok(open)
  await endSession(open, one.context)
  assert.equal(await openSession(one.cookie, one.context), undefined)
  await one.close()
  const two = await started()
  two.clock.now += 3601
  assert.equal(await openSession(two.cookie, two.context), undefined)
  await two.close()
})

test('no cookie whatever makes it throw', async () => {
  const { context, close } = await started()
  await fc.assert(
    fc.asyncProperty(fc.string(), async text => (await openSession(text, context)) === undefined),
    { numRuns: 300 },
  )
  await close()
})
