/** Requests and cookies of somebody else's making: CSRF, login CSRF and session fixation at a started system. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizationRequest, randomText } from '../code-flow.ts'
import { systemOfFile } from '../system.ts'
import { Browser } from './browser.ts'

const system = await systemOfFile()
const { issuer, app, resources } = system
const evil = 'https://evil.example'
const callback = `${app}/bff/callback`

async function signedInApp(username: string): Promise<Browser> {
  const browser = new Browser()
  const home = await browser.signIn(`${app}/bff/login`, system.user(username))
  assert.equal(home.status, 200)
  assert.ok(browser.cookies.has('__Host-sp-bff'))
  return browser
}

const ours = { origin: app, 'sec-fetch-site': 'same-origin', 'sallyport-csrf': '1' }

/** Whose orders this browser's session shows: those of the demo are named after their owner. */
async function whoIs(browser: Browser): Promise<string> {
  const { json } = await browser.ask(`${app}/bff/session`, { headers: ours })
  if (json.signed_in !== true) return 'nobody'
  const { text } = await browser.ask(`${app}/api/orders`, { headers: ours })
  return /"id":"(?<name>[a-z]+)-1"/.exec(text)?.groups?.name ?? `somebody: ${text.slice(0, 200)}`
}

test('the callback takes an answer only in the browser that asked, with its state, from our authority (RFC 9700 §4.7, §4.4)', async () => {
  const attacker = new Browser()
  const theirs = await attacker.signIn(`${app}/bff/login`, system.user('bob'), callback)
  const answer = new URL(theirs.url)
  assert.ok(answer.searchParams.has('code'))
  const victim = new Browser()
  const mine = new URL((await victim.signIn(`${app}/bff/login`, system.user('alice'), callback)).url)
  const changed = (base: URL, changes: Readonly<Record<string, string | undefined>>) => {
    const url = new URL(base)
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) url.searchParams.delete(name)
      else url.searchParams.set(name, value)
    }
    return url.href
  }
  const text = (url: URL, name: string) => url.searchParams.get(name) ?? ''
  const forged: Readonly<Record<string, string>> = {
    'login CSRF: the attacker’s answer': answer.href,
    'the attacker’s code with a state of nobody': changed(answer, { state: randomText() }),
    'the attacker’s code without state': changed(answer, { state: undefined }),
    'an empty state': changed(mine, { state: '' }),
    'no code and no state': `${callback}?x=1`,
    'no iss (mix-up)': changed(mine, { iss: undefined }),
    'another iss (mix-up)': changed(mine, { iss: evil }),
    'our iss with a slash': changed(mine, { iss: `${issuer}/` }),
    'state twice': `${mine.href}&state=${text(answer, 'state')}`,
    'code twice': `${mine.href}&code=${text(answer, 'code')}`,
  }
  const login = new Map(victim.cookies)
  for (const [what, url] of Object.entries(forged)) {
    const { status, headers } = await victim.ask(url)
    assert.deepEqual([status, headers.location], [400, undefined], what)
    assert.ok(!(headers['set-cookie'] ?? []).some(line => line.startsWith('__Host-sp-bff=')), what)
    assert.equal(await whoIs(victim), 'nobody', what)
    // A refusal ends the attempt; another browser tab's attempt is as good as the first.
    for (const [name, value] of login) victim.cookies.set(name, value)
  }
  const injected = changed(mine, { code: text(answer, 'code') })
  assert.equal((await victim.ask(injected)).status, 400, 'the attacker’s code in the victim’s sign-in (PKCE)')
  assert.equal(await whoIs(victim), 'nobody')
  assert.equal((await victim.signIn(`${app}/bff/login`, system.user('alice'))).status, 200)
  assert.equal(await whoIs(victim), 'alice')
})

test('an answer works once, in the browser that got it too (RFC 9700 §4.2)', async () => {
  const browser = new Browser()
  const { url } = await browser.signIn(`${app}/bff/login`, system.user('alice'), callback)
  const login = new Map(browser.cookies)
  assert.equal((await browser.ask(url)).status, 303)
  for (const [name, value] of login) browser.cookies.set(name, value)
  const again = await browser.ask(url)
  assert.deepEqual([again.status, again.headers.location], [400, undefined])
  const elsewhere = new Browser()
  for (const [name, value] of login) if (name.includes('login')) elsewhere.cookies.set(name, value)
  assert.equal((await elsewhere.ask(url)).status, 400)
  assert.equal(await whoIs(elsewhere), 'nobody')
})

test('the back end does nothing for a page of another origin, whatever it sends (OAuth 2.0 for Browser-Based Applications §6.1.3.2)', async () => {
  const browser = await signedInApp('alice')
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const foreign: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
    'no header at all': {},
    'the browser’s own headers': { origin: evil, 'sec-fetch-site': 'cross-site' },
    'our header from another site': { ...ours, origin: evil, 'sec-fetch-site': 'cross-site' },
    'our header, foreign Origin': { 'sallyport-csrf': '1', origin: evil },
    'our header, cross-site': { 'sallyport-csrf': '1', 'sec-fetch-site': 'cross-site' },
    'another port of this host': { ...ours, origin: issuer, 'sec-fetch-site': 'same-site' },
    'Origin null': { ...ours, origin: 'null' },
    'an Origin that begins like ours': { ...ours, origin: `${app}.evil.example` },
    'our Origin without the header': { origin: app, 'sec-fetch-site': 'same-origin' },
    'the header with another value': { ...ours, 'sallyport-csrf': '0' },
    'a form': { origin: evil, 'sec-fetch-site': 'cross-site', ...form },
    'a form with the header in its fields': { origin: app, ...form },
    'a link': { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  }
  const body = JSON.stringify({ item: 'forged', quantity: 1, unit_price_cents: 1 })
  for (const [what, headers] of Object.entries(foreign)) {
    for (const [method, path] of [
      ['POST', '/api/orders'],
      ['GET', '/api/orders'],
      ['GET', '/bff/session'],
      ['POST', '/bff/logout'],
    ] as const) {
      const type = { 'content-type': 'application/json' }
      const reply = await browser.ask(app + path, {
        method,
        headers: method === 'POST' ? { ...type, ...headers } : headers,
        ...(method === 'POST' ? { body } : {}),
      })
      assert.equal(reply.status, 403, `${what}: ${method} ${path} ${reply.status} ${reply.text}`)
      assert.equal(reply.headers['access-control-allow-origin'], undefined)
    }
  }
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
    const headers = { origin: evil, 'sec-fetch-site': 'cross-site', 'content-type': type }
    assert.equal((await browser.ask(`${app}/api/orders`, { method: 'POST', headers, body })).status, 403, type)
  }
  const preflight = await browser.ask(`${app}/api/orders`, {
    method: 'OPTIONS',
    headers: {
      origin: evil,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'sallyport-csrf',
    },
  })
  assert.ok(preflight.status >= 400)
  assert.equal(preflight.headers['access-control-allow-origin'], undefined)
  const mine = await browser.ask(`${app}/api/orders`, { headers: ours })
  assert.equal(mine.status, 200)
  assert.doesNotMatch(mine.text, /forged/)
  assert.equal(await whoIs(browser), 'alice')
})

test('forms of the authority are taken from its own pages in the same browser alone (RFC 9700 §4.16)', async () => {
  const attacker = new Browser()
  const theirs = (await attacker.go(`${issuer}/account`)).forms[0]
  const victim = new Browser()
  await victim.signIn(`${issuer}/account`, system.user('alice'))
  const account = await victim.go(`${issuer}/account`)
  const ends = account.forms.find(({ action }) => action.endsWith('/sessions/end-others'))
  const any = ends ?? account.forms.find(({ fields }) => fields.has('form_token')) ?? assert.fail('no form on the page')
  const token = any.fields.get('form_token') ?? ''
  const foreign: Readonly<Record<string, readonly [Record<string, string>, Record<string, string | undefined>]>> = {
    'no token': [{ form_token: '' }, {}],
    'another token': [{ form_token: randomText() }, {}],
    'the token of another browser': [{ form_token: theirs?.fields.get('form_token') ?? '' }, {}],
    'our token from another site': [{ form_token: token }, { origin: evil, 'sec-fetch-site': 'cross-site' }],
    'our token from another port': [{ form_token: token }, { origin: app, 'sec-fetch-site': 'same-site' }],
    'our token without any origin': [{ form_token: token }, { origin: undefined, 'sec-fetch-site': undefined }],
    'our token, Origin null': [{ form_token: token }, { origin: 'null' }],
  }
  const password = { new_password: 'owned-by-the-attacker', password: 'owned-by-the-attacker' }
  for (const [what, [fields, headers]] of Object.entries(foreign)) {
    for (const action of [
      '/account/sessions/end',
      '/account/sessions/end-others',
      '/account/apps/remove',
      '/account/password',
      '/account/recovery-codes',
      '/account/passkeys',
      '/account/passkeys/remove',
      '/consent',
      '/sign-in',
      '/sign-in/select',
      '/set-up',
    ]) {
      const form = { ...any, action }
      const reply = await victim.submit(account, form, { ...password, answer: 'allow', ...fields }, headers)
      assert.equal(reply.status, 403, `${what}: ${action} ${reply.status}`)
    }
  }
  const again = new Browser()
  assert.equal((await again.signIn(`${issuer}/account`, system.user('alice'))).status, 200, 'her password still works')
  assert.match((await victim.go(`${issuer}/account`)).text, /alice/)
})

test('a sign-in that began in one browser is finished in no other (login CSRF, RFC 9700 §4.7)', async () => {
  const attacker = new Browser()
  const asked = { client: 'spa', scope: 'openid read:orders', resource: resources.inside }
  const { url, redirectUri } = authorizationRequest(system, asked, randomText())
  const page = await attacker.go(url)
  const victim = new Browser()
  const opened = await victim.go(page.url)
  assert.equal(opened.status, 400)
  assert.match(opened.text, /another browser/)
  const login = page.forms.find(({ fields }) => fields.has('password'))
  const sent = await victim.submit(page, login, system.user('alice'))
  assert.equal(sent.status, 403)
  assert.ok(!victim.cookies.has('__Host-sp-authority'))
  const honest = await attacker.signIn(url, system.user('bob'), redirectUri)
  assert.ok(new URL(honest.url).searchParams.has('code'))
})

test('a cookie from before the sign-in is not the one after it, and a planted one is worthless (session fixation)', async () => {
  const planted = { '__Host-sp-authority': 'sp_se_planted', '__Host-sp-bff': `${'a'.repeat(32)}.${'b'.repeat(43)}` }
  const attacker = await signedInApp('bob')
  const attackers = new Map(attacker.cookies)
  const victim = new Browser()
  for (const [name, value] of Object.entries(planted)) victim.cookies.set(name, value)
  assert.equal(await whoIs(victim), 'nobody')
  assert.doesNotMatch((await victim.go(`${issuer}/account`)).text, /Your account|bob|alice/)
  // The attacker's own browser cookie, known to them, in the victim's browser before she signs in.
  const browserCookie = attackers.get('__Host-sp-authority-browser') ?? assert.fail()
  victim.cookies.set('__Host-sp-authority-browser', browserCookie)
  await victim.signIn(`${app}/bff/login`, system.user('alice'))
  assert.equal(await whoIs(victim), 'alice')
  for (const [name, value] of Object.entries(planted)) {
    assert.notEqual(victim.cookies.get(name), value)
    assert.notEqual(victim.cookies.get(name), attackers.get(name))
    const thief = new Browser()
    thief.cookies.set(name, value)
    assert.equal(await whoIs(thief), 'nobody', `${name} as it was before the sign-in`)
  }
  const watching = new Browser()
  watching.cookies.set('__Host-sp-authority-browser', browserCookie)
  assert.doesNotMatch((await watching.go(`${issuer}/account`)).text, /alice/)
  assert.equal(await whoIs(attacker), 'bob')
})

test('a new sign-in in the same browser is a new session, and the old cookie is over after signing out', async () => {
  const browser = await signedInApp('alice')
  const before = new Map(browser.cookies)
  const { status, json } = await browser.ask(`${app}/bff/logout`, { method: 'POST', headers: ours })
  assert.equal(status, 200)
  const thief = new Browser()
  thief.cookies.set('__Host-sp-bff', before.get('__Host-sp-bff') ?? '')
  assert.equal(await whoIs(thief), 'nobody', 'the stolen session of the back end')
  assert.equal((await thief.ask(`${app}/api/orders`, { headers: ours })).status, 401)
  const out = await browser.go(new URL(String(json.location), app).href)
  assert.ok(out.status < 400, `${out.url}: ${out.status}`)
  thief.cookies.set('__Host-sp-authority', before.get('__Host-sp-authority') ?? '')
  const account = await thief.go(`${issuer}/account`)
  assert.doesNotMatch(account.text, /alice/, 'the stolen session of the authority')
})

test('half of a session cookie, or one altered, opens nothing', async () => {
  const browser = await signedInApp('alice')
  const cookie = browser.cookies.get('__Host-sp-bff') ?? ''
  const [id = '', key = ''] = cookie.split('.')
  const authority = browser.cookies.get('__Host-sp-authority') ?? ''
  const flipped = (text: string) => `${text.slice(0, -2)}${text.endsWith('AA') ? 'BB' : 'AA'}`
  for (const value of [
    id,
    `${id}.`,
    `.${key}`,
    `${id}.${flipped(key)}`,
    `${flipped(id)}.${key}`,
    `${cookie}.x`,
    '"',
    '%00',
  ]) {
    const thief = new Browser()
    thief.cookies.set('__Host-sp-bff', value)
    assert.equal(await whoIs(thief), 'nobody', value)
  }
  for (const value of [authority.slice(0, 30), flipped(authority), '', authority.toUpperCase()]) {
    const thief = new Browser()
    thief.cookies.set('__Host-sp-authority', value)
    assert.doesNotMatch((await thief.go(`${issuer}/account`)).text, /alice/)
  }
  assert.equal(await whoIs(browser), 'alice')
})

test('every cookie is `__Host-`, Secure, HttpOnly, SameSite and for the whole host alone (RFC 6265bis §4.1.3.2)', async () => {
  const browser = await signedInApp('carol')
  await browser.ask(`${app}/bff/logout`, { method: 'POST', headers: ours })
  await browser.go(`${issuer}/account`)
  assert.ok(browser.lines.length >= 4)
  for (const line of browser.lines) {
    const [pair = '', ...attributes] = line.split('; ').map(part => part.trim())
    assert.match(pair, /^__Host-sp-/, line)
    const names = attributes.map(attribute => attribute.toLowerCase())
    for (const wanted of ['secure', 'httponly', 'path=/']) assert.ok(names.includes(wanted), line)
    assert.ok(
      names.some(name => name === 'samesite=strict' || name === 'samesite=lax'),
      line,
    )
    assert.ok(!names.some(name => name.startsWith('domain')), line)
    if (pair.startsWith('__Host-sp-bff=')) assert.ok(names.includes('samesite=strict'), line)
  }
})
