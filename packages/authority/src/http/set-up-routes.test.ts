import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount, setPassword } from '../accounts.ts'
import { listPasskeys } from '../passkeys.ts'
import { createSetUpLink, findSetUp } from '../set-up-link.ts'
import { type FrontHarness, openFront } from '../testing/front-harness.ts'
import { newCredential } from '../testing/software-passkey.ts'
import { formOf, titleOf } from '../testing/test-browser.ts'

async function link(front: FrontHarness, ttlSeconds?: number) {
  const account = await createAccount(front.context, { username: `new${ttlSeconds ?? ''}` })
  if ('refused' in account) throw new Error(account.refused)
  return createSetUpLink(front.context, account.id, ttlSeconds)
}

test('a set-up link lets a new user choose a password and signs them in; the code stands in the fragment only', async t => {
  const front = await openFront(t)
  const { url, code } = await link(front)
  assert.equal(url, `${front.context.issuer}/set-up#code=${code}`)
  const browser = front.browser()
  const choose = await browser.submit(await browser.get('/set-up'), '/set-up', { code })
  assert.equal(titleOf(choose), 'Choose how you sign in · Sallyport')
  const short = await browser.submit(choose, '/set-up/password', { password: 'short' })
  assert.match(short.body, /id="password-error">Use at least 12/)
  const account = await browser.submit(short, '/set-up/password', { password: 'something long enough' })
  assert.equal(titleOf(account), 'Your account · Sallyport')
  const other = front.browser()
  const signedIn = await other.submit(await other.open('/account'), '/sign-in', {
    username: 'new',
    password: 'something long enough',
  })
  assert.equal(signedIn.status, 200)
})

test('a set-up code works once, of 20 simultaneous uses for one, and not after its time', async t => {
  const front = await openFront(t)
  const { code } = await link(front)
  const browser = front.browser()
  const form = formOf(
    (await browser.submit(await browser.get('/set-up'), '/set-up', { code })).body,
    '/set-up/password',
  )
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      browser.post(form.action, { ...form.fields, password: `number ${at} of twenty` }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 303).length, 1)
  const late = await link(front, 300)
  front.clock.advance(301)
  const fresh = front.browser()
  const expired = await fresh.submit(await fresh.get('/set-up'), '/set-up', { code: late.code })
  assert.equal(expired.status, 400)
  assert.match(expired.body, /mistyped, too old or was used before/)
})

test('all set-up codes of an account end with the first that is taken, at once, or when a password is set; others stay', async t => {
  const front = await openFront(t)
  const stranger = await link(front, 3600)
  const account = await createAccount(front.context, { username: 'carol' })
  if ('refused' in account) throw new Error(account.refused)
  const several = () => Promise.all(Array.from({ length: 3 }, () => createSetUpLink(front.context, account.id)))
  const isLive = async (code: string) => (await findSetUp(code, front.context)) !== undefined
  const browser = front.browser()
  const first = await several()
  const start = await browser.get('/set-up')
  const forms = await Promise.all(
    first.map(async ({ code }) => {
      const page = await browser.submit(start, '/set-up', { code })
      return formOf(page.body, '/set-up/password')
    }),
  )
  const answers = await Promise.all(
    forms.map(({ action, fields }, at) => browser.post(action, { ...fields, password: `number ${at} of three` })),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [303, 400, 400])
  const second = await several()
  for (const { code } of second) assert.equal(await isLive(code), true, 'made after the password was set')
  await setPassword(front.context, account.id, 'something else that is long')
  for (const { code } of [...first, ...second]) assert.equal(await isLive(code), false)
  assert.equal(await isLive(stranger.code), true)
})

test('of simultaneous uses of a set-up code with a passkey each, one passkey is kept: the losers keep no way in', async t => {
  const front = await openFront(t)
  const { code } = await link(front)
  const browser = front.browser()
  const choose = await browser.submit(await browser.get('/set-up'), '/set-up', { code })
  const { fields } = formOf(choose.body, '/set-up/passkey')
  const uses = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const options = JSON.parse((await browser.post('/set-up/passkey/options', fields)).body)
      return { owner: options.user.id, credential: newCredential(options.challenge, front.context.issuer) }
    }),
  )
  const answers = await Promise.all(
    uses.map(({ credential }) => browser.post('/set-up/passkey', { ...fields, credential })),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [303, 400, 400, 400, 400])
  const account = Buffer.from(uses[0]?.owner ?? '', 'base64url').toString()
  assert.equal((await listPasskeys(account, front.context)).length, 1)
})

test('a mistyped code is refused with the error tied to its field', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const { code } = await link(front)
  for (const sent of ['x', code.slice(0, -1), code.replace('sp_su', 'sp_rl')]) {
    const page = await browser.submit(await browser.get('/set-up'), '/set-up', { code: sent })
    assert.equal(page.status, 400)
    assert.match(page.body, /aria-describedby="code-error code-hint" aria-invalid="true"/)
  }
})
