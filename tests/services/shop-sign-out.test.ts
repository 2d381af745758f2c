import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemOfFile } from '../system.ts'
import { openPage } from './authority-browser.ts'
import { enterShop, signInAt } from './shop-browser.ts'

const system = await systemOfFile()

test('sign-out ends the session here and at the authority without a question, and the back button shows nothing (RP-Initiated Logout §2)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  const kept = await page.context().cookies()
  const ended = page.waitForRequest(request => request.url().startsWith(`${system.issuer}/logout?`))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await ended
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.equal(page.url(), `${system.app}/`)
  assert.deepEqual(
    (await page.context().cookies()).map(cookie => cookie.name).filter(name => name !== '__Host-sp-authority-browser'),
    [],
  )
  await page.goBack()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.equal(await page.getByText('alice-1').count(), 0)
  assert.equal(await page.getByText('Alice Abara').count(), 0)

  // Even with the cookies of before, there is no session behind them.
  await page.context().addCookies(kept)
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Username').waitFor()
})

test('a tab that is left open loses the orders when another one signs out', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  const other = await page.context().newPage()
  await other.goto(system.app)
  await other.getByText('alice-1', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await other.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.equal(await other.getByText('alice-1').count(), 0)
})

test('the back button into a finished sign-in is refused kindly, and posting the form again signs nobody in', async t => {
  const page = await openPage(t)
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Username').waitFor()
  const signInPage = page.url()
  const posted = page.waitForRequest(request => request.postData()?.includes('password=') === true)
  await signInAt(page, system.user('alice'))
  await page.getByText('alice-1', { exact: true }).waitFor()
  const form = (await posted).postData() ?? ''
  assert.match(form, /password=/)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()

  const answer = await page.goto(signInPage)
  assert.ok(answer !== null && answer.status() >= 400 && answer.status() < 500, String(answer?.status()))
  assert.equal(await page.getByLabel('Password').count(), 0)
  assert.match((await page.locator('main').textContent()) ?? '', /again|over|used/i)
  const again = await page.evaluate(
    async ([url, body]) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return (await fetch(url ?? '', { method: 'POST', headers, body: body ?? '', redirect: 'manual' })).status
    },
    [(await posted).url(), form],
  )
  assert.ok(again >= 400 && again < 500, `posting again: ${again}`)
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
})

test('the callback’s address is good once: reloaded, in another browser, or after sign-out it signs nobody in (OAuth 2.1 §7.9)', async t => {
  const page = await openPage(t)
  const callback = page.waitForRequest(request => request.url().startsWith(`${system.app}/bff/callback`))
  await enterShop(page, system, 'alice')
  const address = (await callback).url()
  const other = await openPage(t)
  for (const visitor of [page, other]) {
    const answer = await visitor.goto(address)
    assert.equal(answer?.status(), 400)
    await visitor.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    assert.ok(await visitor.getByRole('link', { name: 'Start again' }).isVisible())
  }
  assert.deepEqual(
    (await other.context().cookies()).filter(cookie => cookie.name.startsWith('__Host-sp-bff')),
    [],
  )
  // A replay of the address costs the user nothing: the session of before still stands.
  await page.goto(system.app)
  await page.getByText('alice-1', { exact: true }).waitFor()
})

test('another page of this machine can neither read nor write through the back end: no CORS, no header, no frame (S68)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  await page.goto(`${system.gateway}/orders`)
  const got = await page.evaluate(async app => {
    const tried = async (init: RequestInit) => {
      try {
        return (await fetch(`${app}/api/orders`, { credentials: 'include', ...init })).status
      } catch {
        return 'blocked'
      }
    }
    return [await tried({}), await tried({ headers: { 'sallyport-csrf': '1' } }), await tried({ method: 'POST' })]
  }, system.app)
  assert.deepEqual(got, ['blocked', 'blocked', 'blocked'])
  const framed = await page.goto(system.app)
  assert.equal(framed?.headers()['x-frame-options'], 'DENY')
  assert.match(framed?.headers()['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/)
})
