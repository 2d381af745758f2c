import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { createAccount } from '../../packages/authority/src/accounts.ts'
import { authorityErrorPage, registerFrontChannel } from '../../packages/authority/src/http/front-channel.ts'
import { type AuthorityHarness, openHarness } from '../../packages/authority/src/testing/authority-harness.ts'
import { bobsPassword, parameters } from '../../packages/authority/src/testing/front-harness.ts'
import { createListener } from '../../packages/server/src/index.ts'
import { eventually } from '../eventually.ts'
import { freePorts } from '../free-ports.ts'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A page of a browser of its own. */
export async function openPage(t: TestContext, options: BrowserContextOptions = {}): Promise<Page> {
  const browser = await openChromium(t)
  return (await browser.newContext(options)).newPage()
}

/** A Chromium of this machine; missing, the test fails. */
export async function openChromium(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.SALLYPORT_CHROMIUM ?? '/usr/bin/chromium',
    args: flags,
  })
  t.after(() => browser.close())
  return browser
}

export interface RunningAuthority extends AuthorityHarness {
  readonly issuer: string
  /** Where the application of the tests is called back; it answers every request with its address. */
  readonly app: string
  authorizeUrl(changes?: Readonly<Record<string, string | undefined>>): string
}

/** The front channel on a real socket at `host`, and an application on another one. */
export async function openAuthority(t: TestContext, host = 'localhost'): Promise<RunningAuthority> {
  const { port, appPort } = await freePorts(['port', 'appPort'])
  const issuer = `http://${host}:${port}`
  const app = `http://${host === 'localhost' ? 'localhost' : 'shop.localhost'}:${appPort}`
  const harness = await openHarness({ issuer })
  const listener = createListener({ name: 'authority', origin: issuer, port, errorPage: authorityErrorPage(issuer) })
  registerFrontChannel(listener.app, harness.context)
  await listener.listen()
  const application = createListener({ name: 'app', origin: app, port: appPort })
  application.app.all('/*', (request, reply) =>
    reply
      .header('content-security-policy', 'frame-src *')
      .type('text/plain')
      .send(`${request.method} ${request.url} ${request.body ?? ''}`),
  )
  await application.listen()
  t.after(async () => {
    await Promise.all([listener.close(), application.close()])
    await harness.close()
  })
  await createAccount(harness.context, { username: 'bob', name: 'Bob Baker', password: bobsPassword })
  const client = {
    ...harness.clients.webApp,
    client_id: 'shop',
    client_name: 'Corner Shop',
    publisher: 'Corner Shop Ltd',
    client_uri: app,
    redirect_uris: [`${app}/cb`],
    post_logout_redirect_uris: [`${app}/bye`],
  }
  await harness.context.store.commit([{ put: { kind: 'client', key: 'shop', value: client } }])
  return {
    ...harness,
    issuer,
    app,
    authorizeUrl: (changes = {}) => `${issuer}/authorize?${new URLSearchParams(parameters(client, changes))}`,
  }
}

/** Phone-sized, light, dark, and without scripts. */
export const looks: Readonly<Record<string, BrowserContextOptions>> = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
  dark: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'dark' },
  plain: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, javaScriptEnabled: false },
  desk: { viewport: { width: 1280, height: 800 } },
}

const shots = process.env.SALLYPORT_SHOTS ?? mkdtempSync(join(tmpdir(), 'sallyport-shots-'))

/**
 * What every page of ours keeps: no accessibility violation, under 50 kB with its assets, no sideways scrolling, 44 px targets.
 *
 * @param title  of the page that is meant, which is waited for
 */
export async function judgePage(page: Page, name: string, title: string, scripts = true): Promise<void> {
  // While one page makes room for the next there is nothing to ask.
  const shown = () => page.title().catch(() => '')
  await eventually(async () => (await shown()) === `${title} · Sallyport`, `${name}: the page “${title}”`)
  await page.waitForLoadState()
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  // axe waits for timers, which a page without scripts has none of; its markup is judged in the other looks.
  if (scripts) await judgeAccessibility(page, name)
  assert.equal(
    await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    true,
    `${name}: scrolls sideways`,
  )
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a.button, input:not([type=hidden]), footer a')]
      .filter(each => each.offsetParent !== null && each.getBoundingClientRect().height < 44)
      .map(each => each.outerHTML.slice(0, 120)),
  )
  assert.deepEqual(small, [], `${name}: targets under 44 px`)
  const weight = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .concat(performance.getEntriesByType('navigation'))
      .reduce((sum, each) => sum + (each as PerformanceResourceTiming).decodedBodySize, 0),
  )
  assert.ok(weight < 50_000, `${name}: ${weight} bytes`)
}

export async function judgeAccessibility(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)
  assert.deepEqual(found, [], `${name}: axe`)
}

export interface Authenticator {
  /** Its user is there while `act` goes on. */
  touch(act: () => Promise<void>): Promise<void>
  /**
   * A person presses the passkey button and then touches the authenticator: the page's request for options is held until the
   * offer beside the username field is over, or the touch would answer that one.
   */
  press(button: string, act: () => Promise<void>): Promise<void>
}

/** A platform authenticator that verifies its user, as a phone or laptop has one; touched only while an act asks for it. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
    },
  })
  const presence = (enabled: boolean) =>
    session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  const touch = async (act: () => Promise<void>) => {
    await presence(true)
    await act()
    await presence(false)
  }
  return {
    touch,
    press: async (button, act) => {
      const options = /\/passkey\/options$/
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      await page.route(options, async route => {
        await released
        await route.continue()
      })
      const asked = page.waitForRequest(options)
      await page.getByRole('button', { name: button }).click()
      await asked
      await touch(async () => {
        release()
        await act()
      })
      await page.unroute(options)
    },
  }
}

export async function signInByPassword(page: Page, username = 'bob', password = bobsPassword): Promise<void> {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}
