import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { type OpenSession, openSession } from '../../packages/bff/src/index.ts'
import { replaceSession } from '../../packages/bff/src/session.ts'
import { createSealer, openMasterKey, openSqliteStore, type TenantStore } from '../../packages/store/src/index.ts'
import type { RunningSystem } from '../system.ts'
import { judgeAccessibility } from './authority-browser.ts'

/** What a person signs in with, at the authority's page that is open, through consent where it is asked. */
export async function signInAt(page: Page, person: { readonly username: string; readonly password: string }) {
  await page.getByLabel('Username').fill(person.username)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await allow(page)
}

/** Answers the consent page, when there is one before the shop. */
export async function allow(page: Page): Promise<void> {
  const answer = page.getByRole('button', { name: 'Allow' })
  await answer
    .or(page.getByRole('button', { name: 'Sign out' }))
    .first()
    .waitFor()
  if (await answer.isVisible()) await answer.click()
}

/** Opens the shop, signs in, and waits for the orders. */
export async function enterShop(page: Page, system: RunningSystem, username: string): Promise<void> {
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(page, system.user(username))
  await page.getByText(`${username}-1`, { exact: true }).waitFor()
}

/** Presses one of the five buttons and returns what the shop shows of the refusal. */
export async function tryDoor(page: Page, button: string): Promise<string> {
  await page.locator('#verdict').evaluate(panel => panel.replaceChildren())
  await page.getByRole('button', { name: button, exact: true }).click()
  await page.getByRole('heading', { name: 'What the operator sees' }).waitFor()
  return (await page.locator('#verdict').textContent()) ?? ''
}

/** The back end's own database, opened beside it as an operator with the master key could. */
async function withBffStore<T>(system: RunningSystem, use: (store: TenantStore) => Promise<T>): Promise<T> {
  const masterKey = openMasterKey({ home: system.home, environment: {} })
  const store = await openSqliteStore({
    path: join(system.home, 'bff.db'),
    nowSeconds: () => Math.floor(Date.now() / 1000),
    sealer: createSealer(masterKey, 'bff'),
    sealedKinds: ['browser-session'],
  })
  try {
    return await use(store.of('main'))
  } finally {
    await store.close()
  }
}

/** The session behind this browser's cookie, which only cookie and database together open. */
export async function bffSession(system: RunningSystem, context: BrowserContext): Promise<OpenSession> {
  const cookie = (await context.cookies()).find(each => each.name === '__Host-sp-bff')
  return withBffStore(system, async store => {
    const open = await openSession(cookie?.value, { store })
    assert.ok(open, 'the cookie opens a session')
    return open
  })
}

/** Makes the session's access token look five minutes old to the back end, as waiting would. */
export async function expireAccessToken(system: RunningSystem, context: BrowserContext): Promise<void> {
  const open = await bffSession(system, context)
  const tokens = { ...open.session.tokens, accessExpiresAt: Math.floor(Date.now() / 1000) - 1 }
  await withBffStore(system, async store => {
    assert.ok(await replaceSession(open, { ...open.session, tokens }, { store, random: randomBytes }))
  })
}

/** No accessibility violation, no sideways scrolling, targets of 44 px. */
export async function judgeShop(page: Page, name: string): Promise<void> {
  const folder = process.env.SALLYPORT_SHOTS
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  await judgeAccessibility(page, name)
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    `${name}: scrolls sideways`,
  )
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a.button, a.brand, input, summary')]
      .filter(each => each.offsetParent !== null && each.getBoundingClientRect().height < 43.5)
      .map(each => each.outerHTML.slice(0, 120)),
  )
  assert.deepEqual(small, [], `${name}: targets under 44 px`)
}
