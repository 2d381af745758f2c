import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { freePorts } from '../free-ports.ts'
import { systemOfFile } from '../system.ts'
import { openPage } from './authority-browser.ts'
import { allow, enterShop, tryDoor } from './shop-browser.ts'

// shop.localhost and localhost are two sites: no cookie of one goes along with a request of the other.
const folder = mkdtempSync(join(tmpdir(), 'sallyport-shop-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const ports = await freePorts(['authority', 'gateway', 'gatewayTls', 'app', 'ordersApi'])
const app = `http://shop.localhost:${ports.app}`
writeFileSync(join(folder, 'sallyport.yaml'), `app:\n  origin: ${app}\n`)
const system = await systemOfFile({ ports, args: ['--config', join(folder, 'sallyport.yaml')] })

test('a shop of another site than the authority signs in, orders, asks for more and signs out (DECISIONS, browser facts)', async t => {
  const page = await openPage(t)
  assert.equal(system.app, app)
  const callback = page.waitForRequest(request => request.url().startsWith(`${app}/bff/callback`))
  await enterShop(page, system, 'alice')
  assert.equal(page.url(), `${app}/`)
  const { 'sec-fetch-site': site } = await (await callback).allHeaders()
  assert.equal(site, 'cross-site', 'the callback was a cross-site navigation')
  const strict = (await page.context().cookies(app)).find(cookie => cookie.name === '__Host-sp-bff')
  assert.equal(strict?.sameSite, 'Strict')
  assert.equal(strict?.domain, 'shop.localhost')

  await page.getByRole('button', { name: 'Order Brass bell' }).click()
  await page.getByText('Ordered: 1 × Brass bell.').waitFor()
  assert.match(await tryDoor(page, 'No token'), /401 token_missing/)

  // The session's Strict cookie does not reach this callback, and the former session ends all the same.
  const former = strict?.value
  await page.evaluate(() => {
    location.assign('/bff/login?prompt=consent')
  })
  await page.getByRole('heading', { name: /Allow Harbour Supplies/ }).waitFor()
  await allow(page)
  await page.getByText('alice-1', { exact: true }).waitFor()
  const asked = await fetch(`http://localhost:${ports.app}/bff/session`, {
    headers: { cookie: `__Host-sp-bff=${former}`, 'sallyport-csrf': '1' },
  })
  assert.equal(asked.status, 421, 'the shop has one host')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.equal(page.url(), `${app}/`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Username').waitFor()
})
