import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemOfFile } from '../system.ts'
import { looks, openPage } from './authority-browser.ts'
import { judgeShop, signInAt, tryDoor } from './shop-browser.ts'

const system = await systemOfFile()
const sizes = {
  desk: { viewport: { width: 1280, height: 900 } },
  dark: looks.dark ?? {},
  phone: looks.phone ?? {},
  narrow: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 },
}

for (const [name, options] of Object.entries(sizes)) {
  test(`${name}: every state of the shop is accessible, fits, and can be touched (WCAG 2.2 AA by axe)`, async t => {
    const page = await openPage(t, options)
    await page.goto(system.app)
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    await judgeShop(page, `shop-${name}-welcome`)
    await tryDoor(page, 'No token')
    await judgeShop(page, `shop-${name}-no-token`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signInAt(page, system.user('alice'))
    await page.getByText('alice-1', { exact: true }).waitFor()
    await judgeShop(page, `shop-${name}-orders`)
    await page.getByRole('button', { name: 'Order Harbour lamp' }).click()
    await page.getByText('Ordered: 1 × Harbour lamp.').waitFor()
    await judgeShop(page, `shop-${name}-ordered`)
    await tryDoor(page, 'Bob’s order')
    await page.getByText(/log lines?$/).click()
    await judgeShop(page, `shop-${name}-verdict`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signInAt(page, system.user('carol'))
    await page.getByRole('button', { name: 'Refund bob-1' }).click()
    await page.getByRole('heading', { name: 'Refund bob-1' }).waitFor()
    await judgeShop(page, `shop-${name}-refund`)
    await page.getByRole('button', { name: 'Refund', exact: true }).click()
    await page.getByRole('link', { name: 'Ask for this permission' }).waitFor()
    await judgeShop(page, `shop-${name}-more`)
    await page.goto(`${system.app}/bff/callback?state=unknown&code=x`)
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await judgeShop(page, `shop-${name}-failed`)
  })
}

test('the page is under 60 kB, asks nothing of other hosts, and says without scripts what it is', async t => {
  const page = await openPage(t)
  const asked: string[] = []
  page.on('request', request => asked.push(new URL(request.url()).origin))
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.deepEqual([...new Set(asked)], [system.app])
  const weight = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .concat(performance.getEntriesByType('navigation'))
      .reduce((sum, each) => sum + (each as PerformanceResourceTiming).decodedBodySize, 0),
  )
  assert.ok(weight < 60_000, `${weight} bytes`)
  const plain = await openPage(t, { javaScriptEnabled: false })
  await plain.goto(system.app)
  // What stands in <noscript> is text to a search by words, and an element to the browser.
  await plain.locator('.notice').waitFor()
})
