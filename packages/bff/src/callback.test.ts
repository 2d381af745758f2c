import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallbackQuery, finishLogin } from './callback.ts'
import { beginLogin } from './login-attempt.ts'
import { bffForTests } from './testing/bff-for-tests.ts'

const json = (body: unknown, status = 200) => Response.json(body, { status })

/** A sign-in that was begun, and the authority's good answer to its code. */
async function begun(change: { claims?: Record<string, unknown>; tokens?: Record<string, unknown> } = {}) {
  const requests: URLSearchParams[] = []
  const bff = await bffForTests(async (_url, form) => {
    requests.push(form)
    const id_token = await bff.idToken({ nonce: asked.get('nonce'), ...change.claims })
    return json({
      access_token: 'at',
      token_type: 'DPoP',
      expires_in: 300,
      refresh_token: 'rt',
      id_token,
      ...change.tokens,
    })
  })
  const attempt = await beginLogin({ return_to: '/orders' }, bff.context)
  assert.ok(attempt !== 'unreachable')
  const { location, cookie } = attempt
  const asked = new URL(location).searchParams
  const good: CallbackQuery = { code: 'code', state: asked.get('state') ?? '', iss: bff.context.settings.issuer }
  return { ...bff, asked, cookie, good, requests }
}

const refusedAs = (result: Awaited<ReturnType<typeof finishLogin>>): string =>
  'refused' in result ? result.refused : 'signed in'

test('a sign-in that this browser began becomes a session, and the verifier fits the challenge (RFC 7636 §4.5)', async () => {
  const { context, good, cookie, requests, asked, close } = await begun()
  const result = await finishLogin(good, cookie, context)
  assert.ok('session' in result)
  assert.equal(result.returnTo, '/orders')
  assert.equal(result.session.user.sub, 'user_alice')
  assert.equal(asked.get('code_challenge_method'), 'S256')
  assert.equal(asked.get('resource'), 'http://localhost:4100/orders')
  assert.ok(requests[0]?.get('code_verifier'))
  assert.ok(requests[0]?.get('client_assertion'))
  await close()
})

test('a callback without this browser’s cookie is refused: login CSRF (OAuth 2.1 §7.9)', async () => {
  const { context, good, close } = await begun()
  const other = await begun()
  assert.equal(refusedAs(await finishLogin(good, undefined, context)), 'login_expired')
  assert.equal(refusedAs(await finishLogin(good, other.cookie, context)), 'login_expired')
  assert.equal(
    refusedAs(await finishLogin({ code: 'code', iss: context.settings.issuer }, undefined, context)),
    'state_missing',
  )
  await close()
  await other.close()
})

test('another issuer, or none, is refused before the code goes anywhere (RFC 9207 §2.4)', async () => {
  const { context, good, cookie, requests, close } = await begun()
  assert.equal(refusedAs(await finishLogin({ ...good, iss: 'https://evil.example' }, cookie, context)), 'wrong_issuer')
  assert.equal(refusedAs(await finishLogin({ code: 'code', state: good.state ?? '' }, cookie, context)), 'wrong_issuer')
  assert.equal(requests.length, 0)
  await close()
})

test('of 50 deliveries of one callback one redeems its code; the others never reach the authority', async () => {
  const { context, good, cookie, requests, close } = await begun()
  const results = await Promise.all(Array.from({ length: 50 }, () => finishLogin(good, cookie, context)))
  assert.equal(results.filter(result => 'session' in result).length, 1)
  assert.equal(results.filter(result => refusedAs(result) === 'callback_replayed').length, 49)
  assert.equal(requests.length, 1)
  await close()
})

test('an attempt older than ten minutes is over', async () => {
  const { context, clock, good, cookie, close } = await begun()
  clock.now += 601
  assert.equal(refusedAs(await finishLogin(good, cookie, context)), 'login_expired')
  await close()
})

test('an ID token of another sign-in, client or issuer signs nobody in (OpenID Connect Core §3.1.3.7)', async () => {
  for (const claims of [
    { nonce: 'other' },
    { nonce: undefined },
    { aud: 'other-client' },
    { iss: 'https://evil.example' },
    { exp: 1 },
  ]) {
    const { context, good, cookie, close } = await begun({ claims })
    assert.equal(refusedAs(await finishLogin(good, cookie, context)), 'id_token_refused', JSON.stringify(claims))
    await close()
  }
})

test('tokens that are not bound to our key are refused: a bearer token is not what we asked for (RFC 9449 §5)', async () => {
  const { context, good, cookie, close } = await begun({ tokens: { token_type: 'Bearer' } })
  assert.equal(refusedAs(await finishLogin(good, cookie, context)), 'code_refused')
  await close()
})
