import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOpaqueToken } from '@sallyport/credentials'
import { findGrant } from '../account-grants.ts'
import { createAccount, findAccountByUsername, removeAccount, setDisabled } from '../accounts.ts'
import { bobsPassword, type FrontHarness, openFront } from '../testing/front-harness.ts'
import { formOf, type TestBrowser, titleOf } from '../testing/test-browser.ts'
import { familyRecord, type TokenFamily } from '../token-family.ts'

/** Bob signed in and, where he was not asked before, allowed web-app to read his orders. */
async function signedIn(front: FrontHarness): Promise<TestBrowser> {
  const browser = front.browser()
  const page = await browser.submit(await browser.open(front.authorizePath()), '/sign-in', {
    username: 'bob',
    password: bobsPassword,
  })
  if (page.status === 200) await browser.submit(page, '/consent', { answer: 'allow' })
  return browser
}

async function family(front: FrontHarness, id: string, of: Partial<TokenFamily>): Promise<() => Promise<boolean>> {
  const now = front.clock.seconds
  const record: TokenFamily = {
    id,
    subject: front.bob.id,
    client_id: 'web-app',
    scope: [],
    resources: [],
    created_at: now,
    expires_at: now + 9999,
    ...of,
  }
  await front.context.store.commit([{ put: familyRecord(record) }])
  return async () => (await front.context.store.peek<TokenFamily>('family', id))?.value.revoked_at !== undefined
}

test('the account page wants a session and leads there after signing in', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const page = await browser.submit(await browser.open('/account'), '/sign-in', {
    username: 'bob',
    password: bobsPassword,
  })
  assert.equal(titleOf(page), 'Your account · Sallyport')
})

test('removing a connected application revokes its grant and every token of it, and it must ask again', async t => {
  const front = await openFront(t)
  const browser = await signedIn(front)
  const grant = await findGrant(front.bob.id, 'web-app', front.context)
  const isRevoked = await family(front, 'fam_00000000000000000001', { grant: grant?.id ?? '' })
  const page = await browser.open('/account')
  assert.match(page.body, /May: Recognise you when you come back; See your orders/)
  const after = await browser.submit(page, '/account/apps/remove')
  assert.match(after.body, /Its access ended at once/)
  assert.equal(await findGrant(front.bob.id, 'web-app', front.context), undefined)
  assert.equal(await isRevoked(), true)
  assert.match((await browser.get(front.authorizePath())).location ?? '', /\/consent/)
})

test('ending one other session, or all, leaves this one and revokes their tokens', async t => {
  const front = await openFront(t)
  const here = await signedIn(front)
  const there = await signedIn(front)
  const third = await signedIn(front)
  const page = await here.open('/account')
  await here.submit(page, '/account/sessions/end')
  const alive = await Promise.all([there, third].map(async browser => (await browser.get('/account')).status === 200))
  assert.equal(alive.filter(Boolean).length, 1)
  await signedIn(front)
  const after = await here.submit(await here.open('/account'), '/account/sessions/end-others')
  assert.equal(after.status, 200)
  for (const browser of [there, third]) assert.equal((await browser.get('/account')).status, 303)
})

test('nobody can end another person’s session or remove their passkey by its id (BOLA)', async t => {
  const front = await openFront(t)
  const browser = await signedIn(front)
  const page = await browser.open('/account')
  const token = formOf(page.body, '/logout').fields.form_token ?? ''
  await browser.post('/account/sessions/end', { form_token: token, session: front.session.id })
  assert.ok(await front.context.store.peek('session', front.session.id))
  await front.context.store.commit([
    {
      put: {
        kind: 'passkey',
        key: 'pk1',
        value: { id: 'pk1', account: front.account.id },
        index: { account: front.account.id },
      },
    },
  ])
  await browser.post('/account/passkeys/remove', { form_token: token, passkey: 'pk1' })
  assert.ok(await front.context.store.peek('passkey', 'pk1'))
})

test('a password change wants the current one, ends every other session with its tokens, and only then the old one fails', async t => {
  const front = await openFront(t)
  const here = await signedIn(front)
  const there = await signedIn(front)
  const sid = parseOpaqueToken(there.cookies.get('__Host-sp-authority') ?? '', 'ss')?.selector ?? ''
  const isRevoked = await family(front, 'fam_00000000000000000002', { session: sid })
  const page = await here.open('/account/password')
  const wrong = await here.submit(page, '/account/password', { current: 'nope', password: 'a completely new one' })
  assert.equal(wrong.status, 401)
  assert.match(wrong.body, /id="current-error">That is not your current password/)
  assert.match(wrong.body, /aria-describedby="current-error"/)
  const short = await here.submit(page, '/account/password', { current: bobsPassword, password: 'short' })
  assert.match(short.body, /id="password-error">Use at least 12 characters/)
  const changed = await here.submit(page, '/account/password', {
    current: bobsPassword,
    password: 'a completely new one',
  })
  assert.match(changed.body, /Your password was changed/)
  assert.equal((await there.get('/account')).status, 303)
  assert.equal(await isRevoked(), true)
  const fresh = front.browser()
  assert.equal(
    (await fresh.submit(await fresh.open('/account'), '/sign-in', { username: 'bob', password: bobsPassword })).status,
    401,
  )
})

test('what changes how one signs in wants a sign-in of the last ten minutes', async t => {
  const front = await openFront(t)
  const browser = await signedIn(front)
  front.clock.advance(601)
  const page = await browser.open('/account/password')
  assert.equal(titleOf(page), 'Sign in again · Sallyport')
  const after = await browser.submit(page, '/sign-in', { username: 'bob', password: bobsPassword })
  assert.equal(titleOf(after), 'Change your password · Sallyport')
})

test('recovery codes: ten, shown once, the former ones dead, kept as hashes', async t => {
  const front = await openFront(t)
  const browser = await signedIn(front)
  const page = await browser.submit(await browser.open('/account'), '/account/recovery-codes')
  const codes = [...page.body.matchAll(/<li><code>([^<]+)/g)].map(([, code]) => code)
  assert.equal(new Set(codes).size, 10)
  assert.match((await browser.open('/account')).body, /10 of 10 left/)
  const records = await front.context.store.list('recovery-code', { index: ['account', front.bob.id], limit: 20 })
  for (const code of codes) assert.doesNotMatch(JSON.stringify(records), new RegExp(code ?? 'none'))
  await browser.submit(await browser.open('/account'), '/account/recovery-codes')
  assert.equal(
    (await front.context.store.list('recovery-code', { index: ['account', front.bob.id], limit: 20 })).records.length,
    10,
  )
})

test('accounts: usernames are unique whatever their case, and of 20 simultaneous creations one wins', async t => {
  const front = await openFront(t)
  const taken = await createAccount(front.context, { username: 'BOB' })
  assert.equal('refused' in taken && taken.refused, 'username_taken')
  const results = await Promise.all(
    Array.from({ length: 20 }, () => createAccount(front.context, { username: 'carol' })),
  )
  assert.equal(results.filter(result => !('refused' in result)).length, 1)
})

test('a disabled account is signed out everywhere at once; a removed one leaves its username free', async t => {
  const front = await openFront(t)
  const browser = await signedIn(front)
  const isRevoked = await family(front, 'fam_00000000000000000003', {})
  await setDisabled(front.context, front.bob.id, true, 'test')
  assert.equal((await browser.get('/account')).status, 303)
  assert.equal(await isRevoked(), true)
  assert.equal(await removeAccount(front.context, front.bob.id, 'test'), true)
  assert.equal(await findAccountByUsername(front.context, 'bob'), undefined)
  assert.equal('refused' in (await createAccount(front.context, { username: 'bob' })), false)
})
