import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemOfFile } from '../system.ts'
import { addAuthenticator, openPage } from './authority-browser.ts'
import { allow, bffSession, enterShop, signInAt, tryDoor } from './shop-browser.ts'

const system = await systemOfFile()

test('alice signs in with her password, consents in plain words, and sees her orders and no other', async t => {
  const page = await openPage(t)
  await page.goto(system.app)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.waitForURL(`${system.issuer}/**`)
  await page.getByLabel('Username').fill('alice')
  await page.getByLabel('Password').fill(system.user('alice').password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: /Allow Harbour Supplies/ }).waitFor()
  const words = (await page.locator('main').textContent()) ?? ''
  for (const sentence of ['See your name and username', 'See your orders', 'Place, change and cancel orders for you'])
    assert.ok(words.includes(sentence), sentence)
  assert.ok(!words.includes('Refund orders'), 'refunds are asked for when they are needed')
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('alice-1', { exact: true }).waitFor()
  assert.equal(page.url(), `${system.app}/`)
  assert.ok(await page.getByText('Alice Abara').isVisible())
  const ids = await page.locator('#orders code').allInnerTexts()
  assert.deepEqual(ids.sort(), ['alice-1', 'alice-2'])

  await page.getByLabel('How many: Brass bell').fill('3')
  await page.getByRole('button', { name: 'Order Brass bell' }).click()
  const placed = page.getByRole('listitem').filter({ hasText: '3 × Brass bell' })
  await placed.getByText('€204.00').waitFor()
  await placed.getByRole('button', { name: 'Cancel' }).click()
  await placed.getByText('cancelled').waitFor()
})

test('S68 the session has the usual scopes only, DPoP-bound tokens, and every cookie is the server’s alone (DECISIONS, browser facts)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  const { session } = await bffSession(system, page.context())
  assert.deepEqual([...session.tokens.scope].sort(), ['openid', 'profile', 'read:orders', 'write:orders'])
  assert.match(session.tokens.accessToken, /^sp_at_/)
  assert.match(session.tokens.refreshToken ?? '', /^sp_rt_/)
  const cookies = await page.context().cookies()
  assert.deepEqual(cookies.map(each => [each.name, each.sameSite]).sort(), [
    ['__Host-sp-authority', 'Lax'],
    ['__Host-sp-authority-browser', 'Lax'],
    ['__Host-sp-bff', 'Strict'],
  ])
  for (const cookie of cookies) assert.ok(cookie.httpOnly && cookie.secure && cookie.path === '/', cookie.name)
})

test('each button is refused for real and shows the door, the reason and the operator’s line (EXPERIENCE §2)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  const expected = [
    ['No token', /Door one[\s\S]*refused[\s\S]*401 token_missing/, /refused as\s*token_missing/],
    ['No scope', /Door one[\s\S]*passed[\s\S]*refused[\s\S]*403 insufficient_scope/, /expected\s*refund:orders/],
    ['Bob’s order', /passed[\s\S]*Door two[\s\S]*refused[\s\S]*404 not_found/, /refused as\s*not_yours/],
    ['Replay', /Door one[\s\S]*refused[\s\S]*401 proof_replayed/, /rule\s*RFC 9449/],
    ['Revoke me', /Door one[\s\S]*refused[\s\S]*401 token_revoked/, /rule\s*RFC 7009/],
  ] as const
  for (const [button, doors, operator] of expected) {
    const shown = await tryDoor(page, button)
    assert.match(shown, doors, button)
    assert.match(shown, operator, button)
  }
  assert.match((await page.locator('#verdict').textContent()) ?? '', /Refused \d+ ms after the revocation/)
  assert.ok(await page.getByRole('link', { name: 'Sign in' }).isVisible(), 'the session is over')
  assert.equal(await page.locator('#orders li').count(), 0)
  assert.ok(!(await page.context().cookies()).some(cookie => cookie.name === '__Host-sp-bff'))
})

test('carol’s refund: asked scope by scope, and over the limit with a fresh passkey (RFC 6750 §3.1, RFC 9470)', async t => {
  const page = await openPage(t)
  const { touch, press } = await addAuthenticator(page)
  const refund = async (id: string) => {
    await page.getByRole('button', { name: `Refund ${id}` }).click()
    await page.getByRole('button', { name: 'Refund', exact: true }).click()
  }
  const status = (id: string) => page.getByRole('listitem').filter({ hasText: id }).locator('.status')
  await enterShop(page, system, 'alice')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signInAt(page, system.user('carol'))
  await page.getByText('bob-2', { exact: true }).waitFor()

  await refund('alice-1')
  await page.getByText('403 insufficient_scope').waitFor()
  await page.getByRole('link', { name: 'Ask for this permission' }).click()
  await page.getByText('Refund orders, if you are support staff').waitFor()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'Refund alice-1' }).waitFor()
  await page.getByRole('button', { name: 'Refund', exact: true }).click()
  await page.getByText('Refunded: alice-1.').waitFor()
  assert.equal(await status('alice-1').textContent(), 'refunded', 'the notice comes when the list shows it')
  assert.equal(page.url(), `${system.app}/`)

  await refund('bob-2')
  await page.getByText(/^401/).waitFor()
  assert.match((await page.locator('#verdict').textContent()) ?? '', /Door two[\s\S]*refused/)
  assert.equal(await status('bob-2').textContent(), 'placed')
  await page.getByRole('link', { name: 'Confirm with a passkey' }).click()
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await touch(async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('heading', { name: 'Confirm with your passkey' }).waitFor()
  })
  await touch(async () => {
    await page.getByRole('button', { name: 'Use your passkey' }).click()
    await allow(page)
  })
  await page.getByRole('heading', { name: 'Refund bob-2' }).waitFor()
  await page.getByRole('button', { name: 'Refund', exact: true }).click()
  await page.getByText('Refunded: bob-2.').waitFor()
  assert.equal(await status('bob-2').textContent(), 'refunded')
  assert.ok(await page.getByText('passkey', { exact: true }).isVisible())

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await press('Sign in with a passkey', () => allow(page))
  await page.getByText('Carol Chen').waitFor()
})

test('a refund by a customer is refused by her role, whatever scope she allowed (BFLA, OWASP API5)', async t => {
  const page = await openPage(t)
  await enterShop(page, system, 'alice')
  await page.goto(`${system.app}/bff/login?scope=read:orders+write:orders+refund:orders`)
  await allow(page)
  await page.getByText('alice-2', { exact: true }).waitFor()
  assert.ok((await bffSession(system, page.context())).session.tokens.scope.includes('refund:orders'))
  const shown = await tryDoor(page, 'No scope')
  assert.match(shown, /Door two[\s\S]*refused[\s\S]*403/)
  assert.match(shown, /refused as\s*not_allowed/)
})
