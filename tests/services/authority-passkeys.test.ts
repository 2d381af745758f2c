import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount } from '../../packages/authority/src/accounts.ts'
import type { AuthorizationCode } from '../../packages/authority/src/authorization-code.ts'
import { createSetUpLink } from '../../packages/authority/src/set-up-link.ts'
import { parseOpaqueToken } from '../../packages/credentials/src/index.ts'
import {
  addAuthenticator,
  judgePage,
  looks,
  openAuthority,
  openPage,
  type RunningAuthority,
  signInByPassword,
} from './authority-browser.ts'

async function codeAt(authority: RunningAuthority, url: string): Promise<AuthorizationCode | undefined> {
  const code = parseOpaqueToken(new URL(url).searchParams.get('code') ?? '', 'ac')
  return (await authority.context.store.peek<AuthorizationCode>('code', code?.selector ?? ''))?.value
}

test('a passkey is added on the account page, signs in without a username, and is removed (WebAuthn L3 §7.1, §7.2)', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t, looks.phone)
  const { press, touch } = await addAuthenticator(page)
  await page.goto(`${authority.issuer}/account/passkeys/new`)
  await signInByPassword(page)
  await page.getByLabel('What to call it').fill('My laptop <b>')
  await touch(async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('Your passkey was added.').waitFor()
  })
  await judgePage(page, 'passkey-account', 'Your account')
  assert.ok(await page.getByText('My laptop <b>').isVisible())
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.goto(authority.authorizeUrl())
  await press('Sign in with a passkey', () => page.getByRole('button', { name: 'Allow' }).waitFor())
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${authority.app}/cb?*`)
  const code = await codeAt(authority, page.url())
  assert.equal(code?.acr, 'urn:sallyport:acr:passkey')
  assert.deepEqual(code?.amr, ['hwk', 'user'])
  await page.goto(`${authority.issuer}/account`)
  assert.ok(await page.getByText('last used just now').isVisible())
  await page.getByRole('button', { name: 'Remove My laptop' }).click()
  await page.getByText('The passkey was removed.').waitFor()
})

test('step-up: signed in by password, the application asks for a passkey, the user adds one on the way and goes on (RFC 9470)', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t)
  const { touch } = await addAuthenticator(page)
  await page.goto(authority.authorizeUrl())
  await signInByPassword(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${authority.app}/cb?*`)
  assert.equal((await codeAt(authority, page.url()))?.acr, 'urn:sallyport:acr:password')
  const stepUp = authority.authorizeUrl({ acr_values: 'urn:sallyport:acr:passkey', max_age: '300' })
  await page.goto(stepUp)
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await touch(async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('heading', { name: 'Confirm with your passkey' }).waitFor()
  })
  await judgePage(page, 'passkey-step-up', 'Confirm with your passkey')
  await touch(async () => {
    await page.getByRole('button', { name: 'Use your passkey' }).click()
    await page.waitForURL(`${authority.app}/cb?*`)
  })
  const code = await codeAt(authority, page.url())
  assert.equal(code?.acr, 'urn:sallyport:acr:passkey')
  await page.goto(stepUp)
  await page.waitForURL(`${authority.app}/cb?*`)
  authority.clock.advance(301)
  await page.goto(stepUp)
  await touch(async () => {
    await page.getByRole('button', { name: 'Use your passkey' }).click()
    await page.waitForURL(`${authority.app}/cb?*`)
  })
  assert.equal((await codeAt(authority, page.url()))?.auth_time, authority.clock.seconds)
})

test('a new user sets a passkey by the set-up link, and has no password at all', async t => {
  const authority = await openAuthority(t)
  const account = await createAccount(authority.context, { username: 'carol' })
  assert.ok(!('refused' in account))
  const { url } = await createSetUpLink(authority.context, account.id)
  const page = await openPage(t)
  const { touch } = await addAuthenticator(page)
  await page.goto(url)
  assert.equal(page.url(), `${authority.issuer}/set-up`)
  await page.getByRole('button', { name: 'Continue' }).click()
  await touch(async () => {
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
  })
  assert.ok(await page.getByText('You have none.', { exact: true }).isVisible())
  await page.getByRole('button', { name: /^Remove/ }).click()
  await page.getByText('your only way to sign in').waitFor()
})

test('an assertion is used once, and one made at another port of the host is refused (WebAuthn L3 §7.2, DECISIONS)', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t)
  const { press, touch } = await addAuthenticator(page)
  await page.goto(`${authority.issuer}/account/passkeys/new`)
  await signInByPassword(page)
  await touch(async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('Your passkey was added.').waitFor()
  })
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.goto(authority.authorizeUrl())
  const signInUrl = page.url()
  const options = await page.evaluate(async () => {
    const form = document.querySelector<HTMLFormElement>('form[data-passkey]')
    const answer = await fetch(form?.dataset.options ?? '', {
      method: 'POST',
      body: new URLSearchParams([...new FormData(form ?? undefined)].map(([name, value]) => [name, String(value)])),
    })
    return (await answer.json()) as { challenge: string; rpId: string }
  })
  await page.goto(`${authority.app}/elsewhere`)
  let foreign = ''
  await touch(async () => {
    foreign = await page.evaluate(async ({ challenge, rpId }) => {
      const bytes = Uint8Array.from(atob(challenge.replaceAll('-', '+').replaceAll('_', '/')), each =>
        each.charCodeAt(0),
      )
      const credential = (await navigator.credentials.get({
        publicKey: { challenge: bytes, rpId, userVerification: 'required' },
      })) as PublicKeyCredential
      return JSON.stringify(credential.toJSON())
    }, options)
  })
  const send = (credential: string) =>
    page.evaluate(sent => {
      const form = document.querySelector<HTMLFormElement>('form[data-passkey]')
      const field = form?.elements.namedItem('credential')
      if (field instanceof HTMLInputElement) field.value = sent
      form?.submit()
    }, credential)
  await page.goto(signInUrl)
  await send(foreign)
  await page.getByText('That passkey did not work here.').waitFor()
  assert.match(JSON.stringify(authority.log), /Unexpected authentication response origin/)

  const request = page.waitForRequest(each => each.url().endsWith('/sign-in/passkey') && each.method() === 'POST')
  await press('Sign in with a passkey', () => page.getByRole('heading', { name: /^Allow Corner Shop/ }).waitFor())
  const credential = new URLSearchParams((await request).postData() ?? '').get('credential') ?? ''
  await page.goto(authority.authorizeUrl({ prompt: 'login' }))
  await send(credential)
  await page.getByText('That passkey did not work here.').waitFor()
})

test('a passkey is also offered among the username’s suggestions, without the button (WebAuthn L3 §5.1.5, conditional)', async t => {
  const authority = await openAuthority(t)
  const page = await openPage(t)
  const { touch } = await addAuthenticator(page)
  await page.goto(`${authority.issuer}/account/passkeys/new`)
  await signInByPassword(page)
  await touch(async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('Your passkey was added.').waitFor()
  })
  await page.getByRole('button', { name: 'Sign out' }).click()
  await touch(async () => {
    await page.goto(authority.authorizeUrl())
    await page.getByRole('heading', { name: /^Allow Corner Shop/ }).waitFor()
  })
})
