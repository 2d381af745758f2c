import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOpaqueToken, signJwt, signNow } from '@sallyport/credentials'
import type { AuthorizationCode } from '../authorization-code.ts'
import type { Grant } from '../grant.ts'
import { listAll } from '../listed.ts'
import { bobsPassword, type FrontHarness, openFront, parameters } from '../testing/front-harness.ts'
import { type BrowserAnswer, formOf, type TestBrowser, titleOf } from '../testing/test-browser.ts'

const errorOf = (answer: BrowserAnswer): string | null =>
  new URL(answer.location ?? 'http://none/').searchParams.get('error')

/** Bob signed in and allowed web-app what `authorizePath` asks for. */
async function allowed(front: FrontHarness): Promise<TestBrowser> {
  const browser = front.browser()
  const consent = await browser.submit(await browser.open(front.authorizePath()), '/sign-in', {
    username: 'bob',
    password: bobsPassword,
  })
  await browser.submit(consent, '/consent', { answer: 'allow' })
  return browser
}

async function codeOf(front: FrontHarness, answer: BrowserAnswer): Promise<AuthorizationCode | undefined> {
  const sent = new URL(answer.location ?? 'http://none/').searchParams.get('code')
  const code = parseOpaqueToken(sent ?? '', 'ac')
  return (await front.context.store.peek<AuthorizationCode>('code', code?.selector ?? ''))?.value
}

test('S4 any client without code_challenge is refused here, not at the token endpoint (OAuth 2.1 §4.1.2.1)', async t => {
  const front = await openFront(t)
  for (const client of [front.clients.spa, front.clients.webApp]) {
    const answer = await front.browser().get(front.authorizePath({ code_challenge: undefined }, client))
    assert.equal(errorOf(answer), 'invalid_request')
    assert.match(answer.location ?? '', /error_description=Send\+a\+code_challenge/)
  }
})

test('S6 an unknown client or redirect URI gets a page and no redirect, with the nearest one marked (OAuth 2.1 §4.1.2.1)', async t => {
  const front = await openFront(t)
  const wrong = [
    { client_id: 'nobody' },
    { client_id: undefined },
    { redirect_uri: 'http://localhost:4200/cb/' },
    { redirect_uri: 'https://evil.example/' },
    { redirect_uri: undefined },
  ]
  for (const changes of wrong) {
    const answer = await front.browser().get(front.authorizePath(changes))
    assert.equal(answer.status, 400)
    assert.equal(answer.location, undefined)
    assert.match(answer.body, /mistake of the application/)
  }
  const mismatch = await front.browser().get(front.authorizePath({ redirect_uri: 'http://localhost:4200/cb/' }))
  assert.match(mismatch.body, /<dt>expected<\/dt><dd><code>http:\/\/localhost:4200\/cb<\/code>/)
  await front.putClient({ client_id: 'off', disabled: true })
  assert.equal((await front.browser().get(front.authorizePath({ client_id: 'off' }))).status, 400)
})

test('S7 every redirect of the front channel is 303, after a POST too (RFC 9700 §4.12)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const toSignIn = await browser.get(front.authorizePath())
  const page = await browser.follow(toSignIn)
  const form = formOf(page.body, '/sign-in')
  const signedIn = await browser.post(form.action, { ...form.fields, username: 'bob', password: bobsPassword })
  const consent = formOf((await browser.follow(signedIn)).body, '/consent')
  const done = await browser.post(consent.action, { ...consent.fields, answer: 'allow' })
  assert.deepEqual(
    [toSignIn, signedIn, done].map(({ status }) => status),
    [303, 303, 303],
  )
})

test('S8 the authorization endpoint answers no CORS, preflight included (OAuth 2.1 §3.1)', async t => {
  const front = await openFront(t)
  const headers = { origin: 'https://spa.example', 'access-control-request-method': 'GET' }
  for (const method of ['OPTIONS', 'GET'] as const) {
    const response = await front.app.inject({
      method,
      url: front.authorizePath(),
      headers: { ...headers, host: 'localhost:4000' },
    })
    assert.deepEqual(
      Object.keys(response.headers).filter(name => name.startsWith('access-control')),
      [],
    )
  }
})

test('S9 a repeated parameter is invalid_request, an empty one is left out, an unknown one ignored (OAuth 2.1 §3.1)', async t => {
  const front = await openFront(t)
  for (const name of ['scope', 'state', 'nonce', 'code_challenge', 'response_type', 'unknown']) {
    const answer = await front.browser().get(`${front.authorizePath()}&${name}=again&${name}=more`)
    assert.equal(errorOf(answer), 'invalid_request', name)
  }
  for (const name of ['client_id', 'redirect_uri']) {
    const answer = await front.browser().get(`${front.authorizePath()}&${name}=x`)
    assert.equal(answer.status, 400, name)
    assert.equal(answer.location, undefined, name)
  }
  const answer = await front.browser().get(`${front.authorizePath({ prompt: '', max_age: '' })}&something=else`)
  assert.match(answer.location ?? '', /\/sign-in\?login=/)
})

test('S10 iss stands in success and in errors, byte for byte the issuer (RFC 9207 §2)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  for (const changes of [{}, { scope: 'nonsense' }, { response_type: 'token' }]) {
    const answer = await browser.get(front.authorizePath(changes))
    assert.equal(new URL(answer.location ?? '').searchParams.get('iss'), front.context.issuer)
    assert.equal(new URL(answer.location ?? '').searchParams.get('state'), 'state-1')
  }
})

test('S11 no page can be framed: sign-in, consent, error, account and status (RFC 9700 §4.16)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const signIn = await browser.open(front.authorizePath())
  const consent = await browser.submit(signIn, '/sign-in', { username: 'bob', password: bobsPassword })
  const pages = [
    signIn,
    consent,
    await browser.get(front.authorizePath({ client_id: 'x' })),
    await browser.get('/account'),
    await browser.get('/'),
    await browser.get('/set-up'),
    await browser.get('/logout'),
  ]
  for (const page of pages) {
    assert.match(String(page.headers['content-security-policy']), /default-src 'none';.*frame-ancestors 'none'/)
    assert.equal(page.headers['x-frame-options'], 'DENY')
    assert.equal(page.headers['cache-control'], 'no-store')
    assert.doesNotMatch(String(page.headers['content-security-policy']), /unsafe/)
  }
  assert.match(String(consent.headers['content-security-policy']), /form-action 'self' http:\/\/localhost:4200;/)
})

test('a request over 8192 characters gets a page and no row: strangers cannot fill the store with what they send', async t => {
  const front = await openFront(t)
  const rows = async () => (await front.context.store.list('interaction', { limit: 10 })).records.length
  const send = (length: number) =>
    front.browser().post('/authorize', parameters(front.clients.webApp, { state: 'x'.repeat(length) }))
  const refused = await send(9000)
  assert.deepEqual([refused.status, refused.location], [400, undefined])
  assert.match(refused.body, /body_too_large/)
  assert.equal(await rows(), 0)
  assert.equal((await send(7000)).status, 303)
  assert.equal(await rows(), 1)
})

test('S70 a POST is answered like a GET (OpenID Connect Core §3.1.2.1)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const fields = parameters(front.clients.webApp, {})
  assert.match((await browser.post('/authorize', fields)).location ?? '', /code=sp_ac_/)
  assert.equal(errorOf(await browser.post('/authorize', { ...fields, scope: 'nonsense' })), 'invalid_scope')
  const json = await browser.post('/authorize', fields, { 'content-type': 'application/json' })
  assert.equal(json.status, 400)
})

test('S70 a POST from another site, which comes without Lax cookies, keeps session and pages of the browser', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const kept = new Map(browser.cookies)
  browser.cookies.clear()
  const answer = await browser.post('/authorize', parameters(front.clients.webApp, {}), {
    'sec-fetch-site': 'cross-site',
    origin: 'http://shop.example',
  })
  for (const [name, value] of kept) browser.cookies.set(name, value)
  assert.match((await browser.follow(answer)).location ?? '', /code=sp_ac_/)
})

test('response errors: response_type, request, request_uri, registration, grant type, scope, resource (Core §3.1.2.6, RFC 8707 §2)', async t => {
  const front = await openFront(t)
  const machine = await front.putClient({ client_id: 'machine', grant_types: ['client_credentials'] })
  const expected: readonly (readonly [Record<string, string | undefined>, string])[] = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ request: 'x' }, 'request_not_supported'],
    [{ request_uri: 'https://x.example/' }, 'request_uri_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
    [{ client_id: machine.client_id }, 'unauthorized_client'],
    [{ scope: 'wirte:orders' }, 'invalid_scope'],
    [{ resource: 'https://unknown.example/' }, 'invalid_target'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ claims: '[]' }, 'invalid_request'],
    [{ dpop_jkt: 'x' }, 'invalid_request'],
    [{ id_token_hint: 'x' }, 'invalid_request'],
    [{ prompt: 'none' }, 'login_required'],
  ]
  for (const [changes, error] of expected)
    assert.equal(errorOf(await front.browser().get(front.authorizePath(changes))), error, JSON.stringify(changes))
})

test('S74 a misspelt scope is refused with the nearest right one, never dropped (RFC 6749 §3.3)', async t => {
  const front = await openFront(t)
  const answer = await front.browser().get(front.authorizePath({ scope: 'openid wirte:orders' }))
  assert.match(new URL(answer.location ?? '').searchParams.get('error_description') ?? '', /write:orders/)
})

test('prompt=none: consent_required before, a code after the user allowed it (Core §3.1.2.1)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  assert.match((await browser.get(front.authorizePath({ prompt: 'none' }))).location ?? '', /code=/)
  assert.equal(
    errorOf(await browser.get(front.authorizePath({ prompt: 'none', scope: 'openid write:orders' }))),
    'consent_required',
  )
  assert.equal(
    errorOf(await browser.get(front.authorizePath({ prompt: 'none' }, front.clients.spa))),
    'consent_required',
  )
})

test('S46 the code keeps what the request asked for: nonce, challenge, dpop_jkt, claims, several resources (RFC 9449 §10, RFC 8707 §2)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
  const path = `${front.authorizePath({ dpop_jkt: jkt, claims: '{"userinfo":{"email":null}}' })}&resource=${encodeURIComponent('http://localhost:4100/orders')}&resource=${encodeURIComponent('http://localhost:4300')}`
  const consent = await browser.submit(await browser.open(path), '/sign-in', {
    username: 'bob',
    password: bobsPassword,
  })
  const code = await codeOf(front, await browser.submit(consent, '/consent', { answer: 'allow' }))
  assert.equal(code?.dpop_jkt, jkt)
  assert.equal(code?.nonce, 'nonce-1')
  assert.deepEqual(code?.claims, { userinfo: ['email'] })
  assert.deepEqual(code?.resources, ['http://localhost:4100/orders', 'http://localhost:4300'])
  const grants = await listAll<Grant>('grant', ['subject', front.bob.id], front.context)
  assert.deepEqual(grants[0]?.value.scopes, {
    '': ['openid', 'email'],
    'http://localhost:4100/orders': ['read:orders'],
    'http://localhost:4300': ['read:orders'],
  })
})

test('a claim asked for by name is asked of the user first, and a client without its scope never gets it (Core §5.5, §3.1.2.4)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const claims = '{"userinfo":{"email":null},"id_token":{"email":null}}'
  const asked = await browser.open(front.authorizePath({ claims }))
  assert.match(asked.body, /See your email address/)
  const client = await front.putClient({ client_id: 'narrow', scopes: ['openid', 'read:orders'] })
  const consent = await browser.open(front.authorizePath({ claims }, client))
  assert.doesNotMatch(consent.body, /email address/)
  const code = await codeOf(front, await browser.submit(consent, '/consent', { answer: 'allow' }))
  assert.deepEqual([code?.scope, code?.claims], [['openid', 'read:orders'], {}])
})

test('a wider consent widens the one grant of user and client (Core §3.1.2.4)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const consent = await browser.open(front.authorizePath({ scope: 'openid write:orders' }))
  await browser.submit(consent, '/consent', { answer: 'allow' })
  const grants = await listAll<Grant>('grant', ['subject', front.bob.id], front.context)
  assert.equal(grants.length, 1)
  assert.deepEqual(grants[0]?.value.scopes['http://localhost:4100/orders']?.toSorted(), ['read:orders', 'write:orders'])
})

test('form_post answers with a form for the client, posted by a script that the policy names by hash (Form Post Response Mode §2)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const page = await browser.get(
    front.authorizePath({ response_mode: 'form_post', state: '"><script>alert(1)</script>' }),
  )
  const form = formOf(page.body, '/cb')
  assert.equal(form.action, 'http://localhost:4200/cb')
  assert.equal(form.fields.state, '"><script>alert(1)</script>')
  assert.match(form.fields.code ?? '', /^sp_ac_/)
  assert.match(
    String(page.headers['content-security-policy']),
    /script-src 'self' 'sha256-[^']+'.*form-action 'self' http:\/\/localhost:4200;/,
  )
  const error = await browser.get(front.authorizePath({ response_mode: 'form_post', scope: 'nonsense' }))
  assert.equal(formOf(error.body, '/cb').fields.error, 'invalid_scope')
})

test('id_token_hint of another user leads to the sign-in page, of this user to the code (Core §3.1.2.1)', async t => {
  const front = await openFront(t)
  const browser = await allowed(front)
  const key = await front.keys.signing('ES256')
  const hint = (sub: string) =>
    signJwt(
      {
        typ: 'JWT',
        key,
        claims: {
          iss: front.context.issuer,
          aud: 'web-app',
          sub,
          iat: front.clock.seconds - 9000,
          exp: front.clock.seconds - 8000,
        },
      },
      signNow,
    )
  assert.match(
    (await browser.get(front.authorizePath({ id_token_hint: await hint(front.bob.id) }))).location ?? '',
    /code=/,
  )
  const other = await browser.open(front.authorizePath({ id_token_hint: await hint('user_other') }))
  assert.match(other.body, /expects another account/)
  const answer = await browser.submit(other, '/sign-in', { username: 'bob', password: bobsPassword })
  assert.equal(errorOf(answer), 'login_required')
})

test('login_hint fills the username in; max_age=0 asks for the password again and auth_time moves (Core §3.1.2.1)', async t => {
  const front = await openFront(t)
  assert.match(
    (await front.browser().open(front.authorizePath({ login_hint: 'bob"><b>' }))).body,
    /value="bob&#34;&#62;&#60;b&#62;"/,
  )
  const browser = await allowed(front)
  front.clock.advance(100)
  const again = await browser.open(front.authorizePath({ max_age: '0' }))
  assert.equal(titleOf(again), 'Sign in again · Sallyport')
  const code = await codeOf(front, await browser.submit(again, '/sign-in', { username: 'bob', password: bobsPassword }))
  assert.equal(code?.auth_time, front.clock.seconds)
})

test('implied consent: an operator’s own application is not asked about, and still leaves a grant', async t => {
  const front = await openFront(t)
  const client = await front.putClient({ client_id: 'own', consent: 'implied' })
  const browser = front.browser()
  const answer = await browser.submit(await browser.open(front.authorizePath({}, client)), '/sign-in', {
    username: 'bob',
    password: bobsPassword,
  })
  const code = await codeOf(front, answer)
  assert.ok(await front.context.store.peek('grant', code?.grant ?? ''))
})

test('access_denied goes back when the user denies or cancels (OAuth 2.1 §4.1.2.1)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const signIn = await browser.open(front.authorizePath())
  assert.equal(errorOf(await browser.submit(signIn, '/sign-in/cancel')), 'access_denied')
  const again = await browser.open(front.authorizePath())
  const consent = await browser.submit(again, '/sign-in', { username: 'bob', password: bobsPassword })
  assert.equal(errorOf(await browser.submit(consent, '/consent', { answer: 'deny' })), 'access_denied')
})
