import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setDisabled } from '../accounts.ts'
import { renewRecoveryCodes } from '../recovery-codes.ts'
import { listSessions } from '../sessions.ts'
import { bobsPassword, openFront } from '../testing/front-harness.ts'
import { formOf, titleOf } from '../testing/test-browser.ts'

const bob = { username: 'bob', password: bobsPassword }
const session = '__Host-sp-authority'

test('a wrong password, an unknown user, a disabled one and one without a password get the same page (NIST SP 800-63B §5.2.2)', async t => {
  const front = await openFront(t)
  const pages: string[] = []
  for (const username of ['bob', 'nobody', 'alice']) {
    if (username === 'alice') await setDisabled(front.context, front.account.id, true, 'test')
    const browser = front.browser()
    const answer = await browser.submit(await browser.open(front.authorizePath()), '/sign-in', {
      username,
      password: 'correct horse battery stapl',
    })
    assert.equal(answer.status, 401)
    assert.equal(browser.cookies.has(session), false)
    pages.push(answer.body.replaceAll(username, 'X').replaceAll(/value="[^"]*"|login=\w+/g, ''))
  }
  assert.equal(new Set(pages).size, 1)
})

test('guessing is slowed: 429 with Retry-After, for unknown users as well, and the wait passes', async t => {
  const front = await openFront(t)
  for (const username of ['bob', 'nobody']) {
    const browser = front.browser()
    const page = await browser.open(front.authorizePath())
    for (let guess = 0; guess < 5; guess += 1)
      assert.equal((await browser.submit(page, '/sign-in', { username, password: `guess ${guess}` })).status, 401)
    const slowed = await browser.submit(page, '/sign-in', { username, password: 'guess 6' })
    assert.equal(slowed.status, 429)
    assert.equal(slowed.headers['retry-after'], '2')
    assert.match(slowed.body, /Try again in 2 seconds; nothing is locked for good/)
  }
  const browser = front.browser()
  const right = await browser.submit(await browser.open(front.authorizePath()), '/sign-in', bob)
  assert.equal(right.status, 429)
  front.clock.advance(2)
  assert.match(titleOf(await browser.submit(right, '/sign-in', bob)), /^Allow/)
})

test('strangers who guess at an account do not keep its owner’s own browser waiting (OWASP, device cookies)', async t => {
  const front = await openFront(t)
  const owner = front.browser()
  await owner.submit(await owner.open(front.authorizePath()), '/sign-in', bob)
  owner.cookies.delete(session)
  const stranger = front.browser()
  const page = await stranger.open(front.authorizePath())
  for (let guess = 0; guess < 7; guess += 1)
    await stranger.submit(page, '/sign-in', { username: 'bob', password: 'guess' })
  assert.equal((await stranger.submit(page, '/sign-in', bob)).status, 429)
  const signedIn = await owner.submit(await owner.open(front.authorizePath()), '/sign-in', bob)
  assert.match(titleOf(signedIn), /^Allow/)
})

test('50 guesses at once count 50 times: at most five are taken', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const form = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, guess) =>
      browser.post(form.action, { ...form.fields, username: 'bob', password: `guess ${guess}` }),
    ),
  )
  assert.ok(answers.filter(({ status }) => status === 401).length <= 5)
  assert.equal(answers.filter(({ status }) => status !== 401 && status !== 429).length, 0)
})

test('the session id changes at every sign-in, and the former one is dead (session fixation)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  browser.cookies.set(session, 'sp_ss_plantedplantedplanted')
  await browser.submit(await browser.open(front.authorizePath()), '/sign-in', bob)
  const first = browser.cookies.get(session) ?? ''
  assert.match(first, /^sp_ss_/)
  await browser.submit(await browser.open(front.authorizePath({ prompt: 'login' })), '/sign-in', bob)
  const second = browser.cookies.get(session) ?? ''
  assert.notEqual(second, first)
  assert.equal((await listSessions(front.bob.id, front.context)).length, 1)
  browser.cookies.set(session, first)
  assert.match((await browser.get('/account')).location ?? '', /\/sign-in/)
})

test('the session cookie is __Host-, Secure, HttpOnly and Lax (DECISIONS, Browser facts)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const form = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const answer = await browser.post(form.action, { ...form.fields, ...bob })
  const line = [answer.headers['set-cookie']].flat().find(each => String(each).startsWith(`${session}=`))
  assert.match(String(line), /; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200$/)
})

test('an interaction begun in one browser cannot be finished in another (login CSRF, RFC 9700 §4.7)', async t => {
  const front = await openFront(t)
  const attacker = front.browser()
  const page = await attacker.open(front.authorizePath())
  const form = formOf(page.body, '/sign-in')
  const victim = front.browser()
  await victim.open(front.authorizePath())
  const own = formOf((await victim.open('/sign-in')).body, '/sign-in')
  const answer = await victim.post('/sign-in', { ...own.fields, login: form.fields.login ?? '', ...bob })
  assert.equal(answer.status, 400)
  assert.match(answer.body, /began in another browser/)
  assert.equal((await front.browser().get(`/sign-in?login=${form.fields.login}`)).status, 400)
  assert.equal(victim.cookies.has(session), false)
})

test('a form without our token, with another browser’s, or from another origin changes nothing (CSRF)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const form = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const other = front.browser()
  const foreign = formOf((await other.open(front.authorizePath())).body, '/sign-in').fields.form_token ?? ''
  const fields = { ...form.fields, ...bob }
  const attempts = [
    await browser.post(form.action, { ...fields, form_token: '' }),
    await browser.post(form.action, { ...fields, form_token: foreign }),
    await browser.post(form.action, fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
    await browser.post(form.action, fields, { origin: 'http://localhost:4200', 'sec-fetch-site': 'same-site' }),
    await browser.post(form.action, fields, {}),
  ]
  assert.deepEqual(
    attempts.map(({ status }) => status),
    [403, 403, 403, 403, 403],
  )
  assert.equal(browser.cookies.has(session), false)
  assert.match(
    titleOf(await browser.submit(await browser.get(`/sign-in?login=${form.fields.login}`), '/sign-in', bob)),
    /^Allow/,
  )
})

test('back button: a consent that was answered is refused kindly, with the way to start again, and no second code', async t => {
  const front = await openFront(t)
  const client = await front.putClient({
    client_id: 'shop',
    client_name: 'Corner Shop',
    client_uri: 'https://shop.example/start',
  })
  const browser = front.browser()
  const consent = await browser.submit(await browser.open(front.authorizePath({}, client)), '/sign-in', bob)
  assert.match((await browser.submit(consent, '/consent', { answer: 'allow' })).location ?? '', /code=/)
  const again = await browser.submit(consent, '/consent', { answer: 'allow' })
  assert.equal(again.status, 400)
  assert.match(again.body, /already finished/)
  assert.match(again.body, /<a class="button main" href="https:\/\/shop.example\/start">Start again at Corner Shop/)
})

test('50 simultaneous answers to one consent page give exactly one code (OAuth 2.1 §4.1.2)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const consent = formOf(
    (await browser.submit(await browser.open(front.authorizePath()), '/sign-in', bob)).body,
    '/consent',
  )
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => browser.post(consent.action, { ...consent.fields, answer: 'allow' })),
  )
  assert.equal(answers.filter(({ location }) => location?.includes('code=sp_ac_')).length, 1)
  assert.equal(answers.filter(({ status }) => status === 400).length, 49)
})

test('login_expired: after ten minutes the page says so and where to start again', async t => {
  const front = await openFront(t)
  const client = await front.putClient({ client_id: 'shop', client_uri: 'https://shop.example/start' })
  const browser = front.browser()
  const page = await browser.open(front.authorizePath({}, client))
  front.clock.advance(601)
  const answer = await browser.submit(page, '/sign-in', bob)
  assert.match(answer.body, /took too long/)
  assert.match(answer.body, /https:\/\/shop.example\/start/)
})

test('a page between cannot be skipped: consent by form without sign-in leads to sign-in', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const form = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const answer = await browser.post('/consent', { ...form.fields, answer: 'allow' })
  assert.match(answer.location ?? '', /\/sign-in\?login=/)
})

test('choosing an account, and "Not you?" on the consent page, lead to another person’s sign-in', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const consent = await browser.submit(await browser.open(front.authorizePath()), '/sign-in', bob)
  const other = await browser.submit(consent, '/sign-in/switch')
  const alice = await browser.submit(other, '/sign-in', { username: 'alice', password: 'correct horse battery staple' })
  assert.match(alice.location ?? alice.body, /code=|Alice Archer/)
  const choice = await browser.open(front.authorizePath({ prompt: 'select_account' }))
  assert.match(choice.body, /Continue as alice/)
  assert.match((await browser.submit(choice, '/sign-in/select')).location ?? '', /code=/)
})

test('a recovery code signs in once, whatever its case and dashes', async t => {
  const front = await openFront(t)
  const [code = ''] = await renewRecoveryCodes(front.bob.id, front.context)
  const browser = front.browser()
  const page = await browser.open(front.authorizePath())
  const login = formOf(page.body, '/sign-in').fields.login
  const recovery = await browser.get(`/sign-in/recovery?login=${login}`)
  const consent = await browser.submit(recovery, '/sign-in/recovery', {
    username: 'bob',
    code: code.toUpperCase().replaceAll('-', ' '),
  })
  assert.match(titleOf(consent), /^Allow/)
  const again = front.browser()
  const second = await again.open('/sign-in/recovery')
  assert.match(second.location ?? titleOf(second), /Sign in/)
  const refused = await again.submit(
    await again.get(`/sign-in/recovery?login=${formOf(second.body, '/sign-in').fields.login}`),
    '/sign-in/recovery',
    { username: 'bob', code },
  )
  assert.equal(refused.status, 401)
})

test('refused passkeys fill the audit trail no faster than wrong passwords do', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const { fields } = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const refuse = () => browser.post('/sign-in/passkey', { ...fields, credential: '{}' })
  const refusals = () => front.audits.filter(({ reason }) => reason === 'passkey_refused').length
  for (let times = 0; times < 40; times += 1) assert.equal((await refuse()).status, 401)
  assert.equal(refusals(), 30)
  front.clock.advance(2)
  await Promise.all(Array.from({ length: 5 }, refuse))
  assert.equal(refusals(), 31)
})

test('step-up without a passkey: the page offers one, and going on gives the weaker acr that the API will refuse (RFC 9470 §5)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const page = await browser.submit(
    await browser.open(front.authorizePath({ acr_values: 'urn:sallyport:acr:passkey' })),
    '/sign-in',
    bob,
  )
  assert.equal(titleOf(page), 'A passkey is needed · Sallyport')
  assert.match(titleOf(await browser.submit(page, '/sign-in/without-passkey')), /^Allow/)
  const essential = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:sallyport:acr:passkey' } } })
  const required = await browser.open(front.authorizePath({ claims: essential }))
  assert.doesNotMatch(required.body, /sign-in\/without-passkey/)
  const cancelled = await browser.submit(required, '/sign-in/cancel')
  assert.match(cancelled.location ?? '', /error=unmet_authentication_requirements/)
})

test('guesses that are not even taken leave nothing in the audit trail, which strangers could fill otherwise', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const page = await browser.open(front.authorizePath())
  for (let guess = 0; guess < 12; guess += 1)
    await browser.submit(page, '/sign-in', { username: 'bob', password: `guess ${guess}` })
  assert.equal(front.audits.filter(({ action }) => action === 'session.begin').length, 5)
})

test('every sign-in, right or wrong, is in the audit trail without a password', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const page = await browser.open(front.authorizePath())
  await browser.submit(page, '/sign-in', { username: 'bob', password: 'wrong wrong wrong' })
  await browser.submit(page, '/sign-in', bob)
  const acts = front.audits.filter(({ action }) => action === 'session.begin')
  assert.deepEqual(
    acts.map(({ outcome }) => outcome),
    ['refused', 'done'],
  )
  assert.doesNotMatch(JSON.stringify([front.audits, front.log]), /wrong wrong wrong|river/)
})
