import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signJwt, signNow } from '@sallyport/credentials'
import type { Session } from '../session.ts'
import { bobsPassword, type FrontHarness, openFront } from '../testing/front-harness.ts'
import { type TestBrowser, titleOf } from '../testing/test-browser.ts'
import { familyRecord, type TokenFamily } from '../token-family.ts'

const bye = 'http://localhost:4200/bye'

async function signedIn(front: FrontHarness): Promise<{ readonly browser: TestBrowser; readonly session: Session }> {
  await front.putClient({
    client_id: 'web-app',
    post_logout_redirect_uris: [bye],
    client_uri: 'http://localhost:4200/',
  })
  const browser = front.browser()
  await browser.submit(await browser.open('/account'), '/sign-in', { username: 'bob', password: bobsPassword })
  const { records } = await front.context.store.list<Session>('session', { index: ['account', front.bob.id], limit: 1 })
  assert.ok(records[0])
  return { browser, session: records[0].value }
}

async function hint(front: FrontHarness, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const key = await front.keys.signing('ES256')
  const now = front.clock.seconds
  return signJwt(
    {
      typ: 'JWT',
      key,
      claims: {
        iss: front.context.issuer,
        aud: 'web-app',
        sub: front.bob.id,
        iat: now - 9000,
        exp: now - 8700,
        ...claims,
      },
    },
    signNow,
  )
}

test('with an ID token of this user, even an expired one, sign-out happens at once and goes where registered, with state (RP-Initiated Logout §2)', async t => {
  const front = await openFront(t)
  const { browser, session } = await signedIn(front)
  const record: TokenFamily = {
    id: 'fam_00000000000000000009',
    subject: front.bob.id,
    client_id: 'web-app',
    session: session.sid,
    scope: [],
    resources: [],
    created_at: 0,
    expires_at: front.clock.seconds + 9999,
  }
  await front.context.store.commit([{ put: familyRecord(record) }])
  const query = new URLSearchParams({ id_token_hint: await hint(front), post_logout_redirect_uri: bye, state: 'a b' })
  const answer = await browser.get(`/logout?${query}`)
  assert.equal(answer.location, `${bye}?state=a+b`)
  assert.equal(browser.cookies.has('__Host-sp-authority'), false)
  assert.equal((await browser.get('/account')).status, 303)
  assert.ok((await front.context.store.peek<TokenFamily>('family', record.id))?.value.revoked_at)
  assert.equal(await front.context.store.peek('session', session.id), undefined)
})

test('without a hint, or with another user’s or session’s, the user is asked first (RP-Initiated Logout §2)', async t => {
  const front = await openFront(t)
  const { browser } = await signedIn(front)
  const queries = [
    new URLSearchParams({}),
    new URLSearchParams({ client_id: 'web-app', post_logout_redirect_uri: bye }),
    new URLSearchParams({ id_token_hint: await hint(front, { sub: 'user_other' }) }),
    new URLSearchParams({ id_token_hint: await hint(front, { sid: 'another' }) }),
  ]
  for (const query of queries) {
    const page = await browser.get(`/logout?${query}`)
    assert.equal(titleOf(page), 'Sign out? · Sallyport')
    assert.equal((await browser.get('/account')).status, 200)
  }
  const asked = await browser.get(`/logout?${queries[1]}`)
  assert.equal((await browser.submit(asked, '/logout', { confirmed: 'yes' })).location, bye)
  assert.equal((await browser.get('/account')).status, 303)
})

test('an application that got tokens in this session names it by its sid, without an ID token in the address (RP-Initiated Logout §2, logout_hint)', async t => {
  const front = await openFront(t)
  const { browser, session } = await signedIn(front)
  const sent = { client_id: 'web-app', post_logout_redirect_uri: bye, logout_hint: session.sid }
  const ask = (changes: Readonly<Record<string, string>> = {}) =>
    browser.get(`/logout?${new URLSearchParams({ ...sent, ...changes })}`)
  assert.equal(titleOf(await ask()), 'Sign out? · Sallyport', 'not a client of this session yet')
  const clients = ['web-app']
  await front.context.store.commit([
    { put: { kind: 'session', key: session.id, value: { ...session, clients }, expiresAt: front.clock.seconds + 999 } },
  ])
  assert.equal(titleOf(await ask({ logout_hint: `${session.sid.slice(0, -1)}_` })), 'Sign out? · Sallyport')
  assert.equal(titleOf(await ask({ logout_hint: front.bob.id })), 'Sign out? · Sallyport')
  assert.equal((await browser.get('/account')).status, 200)
  assert.equal((await ask()).location, bye)
  assert.equal((await browser.get('/account')).status, 303)
})

test('an unregistered address, a hint of another issuer or client, and a repeated parameter sign nobody out (RP-Initiated Logout §3)', async t => {
  const front = await openFront(t)
  const { browser } = await signedIn(front)
  const token = await hint(front)
  const queries = [
    `id_token_hint=${token}&post_logout_redirect_uri=https://evil.example/`,
    `post_logout_redirect_uri=${bye}`,
    `id_token_hint=${await hint(front, { iss: 'https://other.example' })}`,
    `id_token_hint=${token}&client_id=spa`,
    `id_token_hint=${token.slice(0, -2)}xx`,
    `client_id=web-app&client_id=spa`,
  ]
  for (const query of queries) {
    const answer = await browser.get(`/logout?${query}`)
    assert.equal(answer.status, 400, query.slice(0, 60))
    assert.equal(answer.location, undefined)
  }
  assert.equal((await browser.get('/account')).status, 200)
})

test('another site cannot confirm for the user (CSRF)', async t => {
  const front = await openFront(t)
  const { browser } = await signedIn(front)
  const answer = await browser.post(
    '/logout',
    { confirmed: 'yes' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  )
  assert.equal(titleOf(answer), 'Sign out? · Sallyport')
  assert.equal((await browser.get('/account')).status, 200)
})
