import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { tokenRefresher } from './fresh-tokens.ts'
import { type OpenSession, openSession, startSession } from './session.ts'
import { type Answer, bffForTests } from './testing/bff-for-tests.ts'

async function signedIn(answer: Answer) {
  const bff = await bffForTests(answer)
  const tokens = {
    accessToken: 'at-0',
    accessExpiresAt: bff.clock.now + 300,
    refreshToken: 'rt-0',
    scope: ['read:orders'],
    dpopKey: generateSigningKey('ES256'),
  }
  const session = { user: { sub: 'user_alice' }, tokens, sid: 'sid', startedAt: bff.clock.now }
  const { cookie } = await startSession(session, bff.context)
  const open = async (): Promise<OpenSession> => {
    const found = await openSession(cookie, bff.context)
    assert.ok(found)
    return found
  }
  return { ...bff, cookie, open }
}

const rotating = () => {
  let count = 0
  const answer: Answer = () => {
    count += 1
    return Response.json({
      access_token: `at-${count}`,
      refresh_token: `rt-${count}`,
      token_type: 'DPoP',
      expires_in: 300,
    })
  }
  return { answer, count: () => count }
}

test('50 tabs whose token has run out share one refresh', async () => {
  const { answer, count } = rotating()
  const { context, clock, open, close } = await signedIn(answer)
  clock.now += 290
  const fresh = tokenRefresher(context)
  const results = await Promise.all(Array.from({ length: 50 }, async () => fresh(await open())))
  assert.equal(count(), 1)
  for (const result of results) assert.ok('open' in result && result.open.session.tokens.accessToken === 'at-1')
  assert.equal((await open()).session.tokens.refreshToken, 'rt-1')
  await close()
})

test('a token with time left is used as it is', async () => {
  const { answer, count } = rotating()
  const { context, open, close } = await signedIn(answer)
  await tokenRefresher(context)(await open())
  assert.equal(count(), 0)
  await close()
})

test('only invalid_grant ends a session; any other answer keeps it (RFC 6749 §5.2)', async () => {
  for (const [status, error] of [
    [400, 'invalid_client'],
    [503, 'temporarily_unavailable'],
    [500, 'server_error'],
    [200, 'nonsense'],
  ] as const) {
    const { context, clock, open, close } = await signedIn(() => Response.json({ error }, { status }))
    clock.now += 299
    const result = await tokenRefresher(context)(await open())
    assert.ok('refused' in result && result.refused === 'authority_unavailable', error)
    assert.ok(await open())
    await close()
  }
  const { context, clock, cookie, open, close } = await signedIn(() =>
    Response.json({ error: 'invalid_grant' }, { status: 400 }),
  )
  clock.now += 299
  const result = await tokenRefresher(context)(await open())
  assert.ok('refused' in result && result.refused === 'session_ended')
  assert.equal(await openSession(cookie, context), undefined)
  await close()
})

test('an authority that cannot be reached signs nobody out', async () => {
  const { context, clock, open, close } = await signedIn(() => Promise.reject(new Error('ECONNREFUSED')))
  clock.now += 299
  const result = await tokenRefresher(context)(await open())
  assert.ok('refused' in result && result.refused === 'authority_unavailable')
  assert.ok(await open())
  await close()
})

test('a nonce challenge is answered once with a proof that carries it (RFC 9449 §8)', async () => {
  const proofs: string[] = []
  const { context, clock, open, close } = await signedIn((_url, _form, headers) => {
    proofs.push(headers.get('dpop') ?? '')
    if (proofs.length === 1)
      return Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': 'n-1' } })
    return Response.json({ access_token: 'at-1', token_type: 'DPoP', expires_in: 300 })
  })
  clock.now += 299
  const result = await tokenRefresher(context)(await open())
  assert.ok('open' in result)
  const claims = JSON.parse(Buffer.from(proofs[1]?.split('.')[1] ?? '', 'base64url').toString())
  assert.equal(claims.nonce, 'n-1')
  await close()
})

test('two processes that refresh at once both end with a live session', async () => {
  const { answer } = rotating()
  const { context, clock, open, close } = await signedIn(answer)
  clock.now += 299
  const [one, two] = await Promise.all([tokenRefresher(context)(await open()), tokenRefresher(context)(await open())])
  assert.ok(one && two && 'open' in one && 'open' in two)
  assert.ok(await open())
  await close()
})
