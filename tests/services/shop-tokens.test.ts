import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { OpenSession } from '../../packages/bff/src/index.ts'
import { accessTokenHash, createDpopProof } from '../../packages/credentials/src/index.ts'
import { eventually } from '../eventually.ts'
import { systemOfFile } from '../system.ts'
import { openPage } from './authority-browser.ts'
import { allow, bffSession, enterShop, expireAccessToken, tryDoor } from './shop-browser.ts'
import { recordTraffic, searchPage } from './token-search.ts'

const system = await systemOfFile()

/** What a thief would want of a session: both tokens whole and their secret parts, and the key they are bound to. */
function secretsOf({ session }: OpenSession): readonly string[] {
  const { accessToken, refreshToken, dpopKey } = session.tokens
  const { d } = dpopKey.privateKey.export({ format: 'jwk' })
  const secrets = [accessToken, accessToken.slice(30), refreshToken, refreshToken?.slice(30), d]
  const known = secrets.filter(secret => secret !== undefined)
  assert.equal(known.length, 5)
  return known
}

test('S68 no token is ever in the browser: storage, cookies, DOM, history, heap, and every message it sent or got', async t => {
  const page = await openPage(t)
  const traffic = recordTraffic(page.context())
  await enterShop(page, system, 'alice')
  const secrets = [...secretsOf(await bffSession(system, page.context()))]
  await page.getByRole('button', { name: 'Order Tide tables' }).click()
  await page.getByText('Ordered: 1 × Tide tables.').waitFor()
  assert.deepEqual(await searchPage(page, secrets), [])
  for (const door of ['No token', 'No scope', 'Bob’s order', 'Replay']) await tryDoor(page, door)
  assert.deepEqual(await searchPage(page, secrets), [])

  await expireAccessToken(system, page.context())
  await page.reload()
  await page.getByText('alice-1', { exact: true }).waitFor()
  const renewed = secretsOf(await bffSession(system, page.context()))
  assert.notEqual(renewed[0], secrets[0], 'the access token was renewed')
  secrets.push(...renewed)
  assert.deepEqual(await searchPage(page, secrets), [])

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  assert.deepEqual(await searchPage(page, secrets), [])
  assert.deepEqual(await traffic.search(secrets), [])
  assert.ok(traffic.count() > 30, `${traffic.count()} answers were read`)
})

test('the search finds a token in each place where one could be, so finding none means something', async t => {
  const page = await openPage(t)
  const traffic = recordTraffic(page.context())
  await enterShop(page, system, 'alice')
  const [token = ''] = secretsOf(await bffSession(system, page.context()))
  await page.evaluate(secret => {
    const hidden = { secret: `${secret}` }
    Object.assign(window, { keep: () => hidden })
    localStorage.setItem('a', secret)
    sessionStorage.setItem('a', secret)
    window.name = secret
    document.body.dataset.a = secret
    history.pushState({ secret }, '', `/?a=${secret}`)
  }, token)
  await page.evaluate(async secret => {
    await cookieStore.set('a', secret)
    await (await caches.open('a')).put('/a', new Response(secret))
    await fetch('/settings.json', { headers: { 'sallyport-csrf': '1', 'x-a': secret } })
  }, token)
  const places = ['localStorage', 'sessionStorage', 'window.name', 'history.state', 'caches', 'dom']
  const rest = ['script-visible cookies', 'cookies', 'history', 'heap']
  assert.deepEqual(await searchPage(page, [token]), [...places, ...rest])
  assert.ok((await traffic.search([token])).includes(`request ${system.app}/settings.json`))
})

test('tabs that find the access token expired at once share one refresh, and nobody is signed out', async t => {
  const first = await openPage(t)
  await enterShop(first, system, 'bob')
  const context = first.context()
  const tabs = [first, ...(await Promise.all(Array.from({ length: 3 }, () => context.newPage())))]
  const before = (await bffSession(system, context)).session.tokens
  const refreshes = async () => {
    const metrics = await (await fetch(`${system.issuer}/metrics`)).text()
    const counted =
      /^http_server_request_duration_seconds_count\{method="POST",endpoint="\/token",status="2xx"\} (\d+)$/m
    return Number(counted.exec(metrics)?.[1])
  }
  const counted = await refreshes()
  await expireAccessToken(system, context)
  await Promise.all(tabs.map(tab => tab.goto(system.app)))
  await Promise.all(tabs.map(tab => tab.getByText('bob-1', { exact: true }).waitFor()))
  const after = (await bffSession(system, context)).session.tokens
  assert.notEqual(after.accessToken, before.accessToken)
  assert.notEqual(after.refreshToken, before.refreshToken)
  // The gateway fetches its phantom token at the same endpoint: one for the refresh, one for the new token's first use.
  const asked = (await refreshes()) - counted
  assert.ok(asked >= 1 && asked <= 2, `${asked} token requests`)
})

test('a stronger or wider sign-in takes the old session’s place: its cookie and its tokens are dead (session fixation)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'bob')
  const { accessToken, dpopKey } = (await bffSession(system, page.context())).session.tokens
  const askWithFormer = async () => {
    const htu = `${system.gateway}/orders`
    const made = { iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath: accessTokenHash(accessToken) }
    const dpop = createDpopProof(dpopKey, { htm: 'GET', htu, ...made })
    return fetch(htu, { headers: { authorization: `DPoP ${accessToken}`, dpop } })
  }
  assert.equal((await askWithFormer()).status, 200)
  const [former] = (await page.context().cookies()).filter(cookie => cookie.name === '__Host-sp-bff')
  assert.ok(former)
  await page.goto(`${system.app}/bff/login?prompt=consent`)
  await allow(page)
  await page.getByText('bob-1', { exact: true }).waitFor()
  const [cookie] = (await page.context().cookies()).filter(each => each.name === '__Host-sp-bff')
  assert.notEqual(cookie?.value, former.value)
  const asked = await fetch(`${system.app}/bff/session`, {
    headers: { cookie: `__Host-sp-bff=${former.value}`, 'sallyport-csrf': '1' },
  })
  assert.deepEqual(await asked.json(), { signed_in: false })
  await eventually(async () => /token_revoked/.test(await (await askWithFormer()).text()), 'its token is refused')
})
