import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bobsPassword, openFront } from '../testing/front-harness.ts'
import { formOf, titleOf } from '../testing/test-browser.ts'

const quota = { interactionsPerMinute: 3 }

test('sign-ins begun at any page beyond the network’s quota are a 429 page with Retry-After, and write no row (RFC 6585 §4)', async t => {
  const front = await openFront(t, quota)
  for (const path of [front.authorizePath(), '/account', '/sign-in'])
    assert.equal((await front.browser().get(path)).status, 303)
  const rows = async () => (await front.context.store.list('interaction', { limit: 100 })).records.length
  const before = await rows()
  for (const path of [front.authorizePath(), '/account', '/account/password', '/sign-in']) {
    const refused = await front.browser().get(path)
    assert.equal(refused.status, 429, path)
    assert.equal(refused.headers['retry-after'], '20')
    assert.match(titleOf(refused), /^Too many sign-ins at once/)
  }
  assert.equal(await rows(), before)
  front.clock.advance(20)
  assert.equal((await front.browser().get(front.authorizePath())).status, 303, 'the wait passes')
})

test('a sign-in under way goes on, and who is signed in begins none (RFC 6585 §4)', async t => {
  const front = await openFront(t, quota)
  const browser = front.browser()
  const page = await browser.open(front.authorizePath())
  for (let times = 0; times < 4; times += 1) await front.browser().get(front.authorizePath())
  const consent = await browser.submit(page, '/sign-in', { username: 'bob', password: bobsPassword })
  assert.equal((await browser.submit(consent, '/consent', { answer: 'allow' })).status, 303)
  assert.match((await browser.get(front.authorizePath())).location ?? '', /[?&]code=/)
  assert.equal((await browser.get('/account')).status, 200)
})

test('passkey challenges count too, and a script is told in JSON', async t => {
  const front = await openFront(t, quota)
  const browser = front.browser()
  const { fields } = formOf((await browser.open(front.authorizePath())).body, '/sign-in')
  const ask = () => browser.post('/sign-in/passkey/options', fields)
  assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200])
  const refused = await ask()
  assert.equal(refused.status, 429)
  assert.equal(refused.headers['retry-after'], '20')
  const { error, reason } = JSON.parse(refused.body)
  assert.deepEqual([error, reason], ['temporarily_unavailable', 'rate_limited'])
})
