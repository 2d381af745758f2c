import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAuthority, openChromium, openPage, signInByPassword } from './authority-browser.ts'

test('form_post reaches the application with a script and, by its button, without one (Form Post Response Mode §2)', async t => {
  const authority = await openAuthority(t)
  const browser = await openChromium(t)
  for (const javaScriptEnabled of [true, false]) {
    const page = await (await browser.newContext({ javaScriptEnabled })).newPage()
    await page.goto(authority.authorizeUrl({ response_mode: 'form_post' }))
    await signInByPassword(page)
    const allow = page.getByRole('button', { name: 'Allow' })
    const next = page.getByRole('heading', { name: 'Continue' })
    if (javaScriptEnabled) await allow.click()
    else {
      // Allowed in the first round.
      await next.waitFor()
      await page.getByRole('button', { name: 'Continue' }).click()
    }
    await page.waitForURL(`${authority.app}/cb`)
    assert.match((await page.textContent('body')) ?? '', /^POST \/cb code=sp_ac_\w+&state=state-1&iss=/)
  }
})

test('across sites (auth.localhost and shop.localhost): sign-in, session and the second time without a question (DECISIONS, Browser facts)', async t => {
  const authority = await openAuthority(t, 'auth.localhost')
  const page = await openPage(t)
  const start = async () => {
    await page.goto(`${authority.app}/start`)
    await page.evaluate(url => location.assign(url), authority.authorizeUrl())
  }
  await start()
  await signInByPassword(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${authority.app}/cb?*`)
  await start()
  await page.waitForURL(`${authority.app}/cb?*`)
})

test('the back button after consent shows a kind refusal with the way to start again, never a second code', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t)
  await page.goto(authority.authorizeUrl())
  await signInByPassword(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${authority.app}/cb?*`)
  await page.goBack()
  await page.getByRole('heading', { name: 'This sign-in is already finished' }).waitFor()
  await page.getByRole('link', { name: 'Start again at Corner Shop' }).click()
  await page.waitForURL(`${authority.app}/`)
})

test('nothing leads out: no request to elsewhere, no violation of the page’s policy, no frame (CSP Level 3, RFC 9700 §4.16)', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t)
  const outside: string[] = []
  const problems: string[] = []
  page.on('request', request => {
    if (!request.url().startsWith(authority.issuer) && !request.url().startsWith(authority.app))
      outside.push(request.url())
  })
  page.on('console', message => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', error => problems.push(error.message))
  await page.goto(authority.authorizeUrl())
  await signInByPassword(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${authority.app}/cb?*`)
  await page.goto(`${authority.issuer}/account`)
  await page.goto(`${authority.issuer}/account/password`)
  assert.deepEqual([outside, problems], [[], []])
  await page.goto(`${authority.app}/framing`)
  const isAbout = /frame-ancestors|refused to connect|X-Frame-Options/i
  const told = page.waitForEvent('console', message => isAbout.test(message.text()))
  const framed = await page.evaluate(
    url =>
      new Promise<boolean>(resolve => {
        const frame = document.createElement('iframe')
        frame.src = url
        frame.onload = () => resolve(frame.contentDocument !== null)
        document.body.append(frame)
      }),
    `${authority.issuer}/account`,
  )
  assert.equal(framed, false)
  await told
})
