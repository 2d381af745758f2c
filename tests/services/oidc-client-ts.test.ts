/** oidc-client-ts in Chromium, on a page of its own origin, against the started system. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import express from 'express'
import type { User, UserManager, UserManagerSettings } from 'oidc-client-ts'
import type { Page } from 'playwright-core'
import { administratorOf, type Registration } from '../administrator.ts'
import { eventually } from '../eventually.ts'
import { freePorts } from '../free-ports.ts'
import { systemOfFile } from '../system.ts'
import { openPage, signInByPassword } from './authority-browser.ts'

declare global {
  /** What the application's page has in its window. */
  var manager: UserManager
  var renewals: number
}

const { app: port } = await freePorts(['app'])
const app = `http://localhost:${port}`
const folder = mkdtempSync(join(tmpdir(), 'sallyport-spa-'))
const configuration = join(folder, 'sallyport.yaml')
writeFileSync(configuration, `gateway:\n  corsOrigins: ['${app}']\n`)
const system = await systemOfFile({ args: ['--config', configuration] })
const { outside } = system.resources
const alice = system.user('alice')

const library = resolve(import.meta.dirname, '../../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.js')
const server = express()
  .get('/oidc-client-ts.js', (_request, response) => response.sendFile(library))
  .get('/{*page}', (_request, response) => response.type('html').send(page))
  .listen(port, 'localhost')
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** The application, loaded again after each redirect; its settings wait in localStorage. */
const page = `<!doctype html><title>Application</title><script src="/oidc-client-ts.js"></script><script>
const settings = JSON.parse(localStorage.settings ?? '{}')
if (settings.authority) {
  const store = new oidc.WebStorageStateStore({ store: localStorage })
  const dpop = settings.dpop && { ...settings.dpop, store: new oidc.IndexedDbDPoPStore() }
  globalThis.manager = new oidc.UserManager({ ...settings, dpop, userStore: store })
  globalThis.renewals = 0
  manager.events.addUserLoaded(() => { renewals += 1 })
}
</script>`

async function register(more: Partial<Registration> = {}): Promise<string> {
  const { client_id } = await (await administratorOf(system)).addClient({
    client_name: 'Single page',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${app}/callback`],
    post_logout_redirect_uris: [`${app}/bye`],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'read:orders'],
    resources: [outside],
    ...more,
  })
  return client_id
}

/** The application opened with these settings, and alice sent through the real pages and back. */
async function signIn(page: Page, client_id: string, more: Partial<UserManagerSettings> = {}): Promise<User> {
  const settings = {
    authority: system.issuer,
    client_id,
    redirect_uri: `${app}/callback`,
    post_logout_redirect_uri: `${app}/bye`,
    response_type: 'code',
    scope: 'openid profile email offline_access read:orders',
    resource: outside,
    loadUserInfo: true,
    automaticSilentRenew: false,
    ...more,
  }
  await page.goto(app)
  await page.evaluate(given => {
    localStorage.settings = JSON.stringify(given)
  }, settings)
  await page.reload()
  await page.evaluate(() => void manager.signinRedirect())
  await signInByPassword(page, alice.username, alice.password)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${app}/callback?*`)
  await page.evaluate(() => manager.signinCallback())
  return currentUser(page)
}

async function currentUser(page: Page): Promise<User> {
  const user = await page.evaluate(async () => ({ ...(await manager.getUser()) }))
  assert.equal(typeof user.access_token, 'string')
  return user as User
}

/** What the page itself gets from the gateway, across origins. */
const orders = (page: Page, token: string): Promise<{ readonly status: number; readonly text: string }> =>
  page.evaluate(
    async ([address, token]) => {
      const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } })
      return { status: answer.status, text: await answer.text() }
    },
    [outside, token] as const,
  )

test('oidc-client-ts signs in through the real pages, reads orders, renews by itself and signs out (OpenID Connect Core §3.1, Fetch §3.2)', async t => {
  const page = await openPage(t)
  // A token of 300 s counts as expiring after two: the library then renews on its own.
  const renewing = { automaticSilentRenew: true, accessTokenExpiringNotificationTimeInSeconds: 298 }
  const user = await signIn(page, await register(), renewing)
  assert.deepEqual([user.profile.email, user.profile.name], ['alice@shop.example', 'Alice Abara'])
  const seen = await orders(page, user.access_token)
  assert.equal(seen.status, 200)
  assert.match(seen.text, /alice-1/)
  assert.doesNotMatch(seen.text, /bob-/)

  await page.waitForFunction(() => renewals >= 2)
  const renewed = await currentUser(page)
  assert.notEqual(renewed.access_token, user.access_token)
  assert.notEqual(renewed.refresh_token, user.refresh_token)
  assert.equal((await orders(page, renewed.access_token)).status, 200)

  await page.evaluate(() => manager.stopSilentRenew())
  await page.evaluate(() => void manager.signoutRedirect())
  await page.waitForURL(`${app}/bye`)
  await page.evaluate(() => manager.signoutCallback())
  assert.equal(await page.evaluate(() => manager.getUser()), null)
  await eventually(async () => (await orders(page, renewed.access_token)).status === 401, 'the token is refused')
  await page.evaluate(() => void manager.signinRedirect())
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
})

test('two tabs of oidc-client-ts that renew with one refresh token at once are both still signed in (DECISIONS, Refresh)', async t => {
  const first = await openPage(t)
  const user = await signIn(first, await register())
  const second = await first.context().newPage()
  await second.goto(app)
  // A tab that comes later finds what the other one stored, and renews with that: both have to have sent theirs.
  const { promise: bothSent, resolve: release } = Promise.withResolvers<void>()
  let sent = 0
  await first.context().route('**/token', async route => {
    sent += 1
    if (sent === 2) release()
    await bothSent
    await route.continue()
  })
  const renew = (tab: Page) => tab.evaluate(async () => (await manager.signinSilent())?.refresh_token)
  const [one, other] = await Promise.all([renew(first), renew(second)])
  assert.equal(one, other)
  assert.notEqual(one, user.refresh_token)
  assert.equal((await orders(second, (await currentUser(second)).access_token)).status, 200)
  await renew(first)
  await renew(second)
})

test('oidc-client-ts with DPoP: the code is bound, nonces are met, and the token alone is worth nothing (RFC 9449 §5, §8, §10)', async t => {
  const page = await openPage(t)
  const client = await register({ dpop_bound_access_tokens: true, require_dpop_nonce: true })
  // The library asks userinfo with the Bearer scheme whatever the token is, which RFC 9449 §7.1 refuses.
  const settings = { loadUserInfo: false, dpop: { bind_authorization_code: true } as UserManagerSettings['dpop'] }
  const user = await signIn(page, client, settings)
  assert.equal(user.token_type, 'DPoP')
  const bound = (token: string) =>
    page.evaluate(
      async ([address, token]) => {
        const user = await manager.getUser()
        const proof = user === null ? undefined : await manager.dpopProof(address, user, 'GET')
        return (await fetch(address, { headers: { authorization: `DPoP ${token}`, dpop: proof ?? '' } })).status
      },
      [outside, token] as const,
    )
  assert.equal(await bound(user.access_token), 200)
  assert.equal((await orders(page, user.access_token)).status, 401)
  await page.evaluate(() => manager.signinSilent())
  const renewed = await currentUser(page)
  assert.notEqual(renewed.access_token, user.access_token)
  assert.equal(await bound(renewed.access_token), 200)
})

test('oidc-client-ts revokes its tokens from the page (RFC 7009 §2)', async t => {
  const page = await openPage(t)
  const user = await signIn(page, await register())
  await page.evaluate(() => manager.revokeTokens(['access_token', 'refresh_token']))
  await eventually(async () => (await orders(page, user.access_token)).status === 401, 'the token is refused')
})
