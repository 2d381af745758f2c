import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createAccount } from '../accounts.ts'
import { type AuthorityHarness, harnessIssuer, openHarness } from '../testing/authority-harness.ts'
import { bobsPassword, parameters, verifier } from '../testing/front-harness.ts'
import { TestBrowser } from '../testing/test-browser.ts'
import { createAuthority } from './authority.ts'

interface Flow {
  readonly harness: AuthorityHarness
  readonly browser: TestBrowser
  authorize(changes?: Readonly<Record<string, string>>): Promise<string>
  redeem(code: string): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>
}

async function openFlow(t: TestContext): Promise<Flow> {
  const harness = await openHarness()
  const listener = { name: 'authority', origin: harnessIssuer, port: 0 }
  const { app, close } = createAuthority({ context: harness.context, listener })
  await app.ready()
  t.after(async () => {
    await close()
    await harness.close()
  })
  await createAccount(harness.context, { username: 'bob', name: 'Bob Baker', password: bobsPassword })
  const browser = new TestBrowser(app, harnessIssuer)
  const client = harness.clients.spa
  return {
    harness,
    browser,
    authorize: async changes => {
      let page = await browser.open(`/authorize?${new URLSearchParams(parameters(client, changes ?? {}))}`)
      if (page.body.includes('name="password"'))
        page = await browser.submit(page, '/sign-in', { username: 'bob', password: bobsPassword })
      if (page.status === 200) page = await browser.submit(page, '/consent', { answer: 'allow' })
      return new URL(page.location ?? '').searchParams.get('code') ?? ''
    },
    redeem: async code => {
      const fields = { grant_type: 'authorization_code', client_id: client.client_id, code, code_verifier: verifier }
      const answer = await browser.post('/token', fields, { accept: 'application/json' })
      return { status: answer.status, body: JSON.parse(answer.body) }
    },
  }
}

const claimsOf = (jwt: unknown): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString('utf8'))

test('the code of a person’s consent is worth tokens: who, how, when, in which session (OAuth 2.1 §4.1.3, Core §3.1.3.3)', async t => {
  const { harness, authorize, redeem } = await openFlow(t)
  const { status, body } = await redeem(await authorize())
  assert.equal(status, 200)
  const idToken = claimsOf(body.id_token)
  assert.equal(idToken.nonce, 'nonce-1')
  assert.equal(idToken.acr, 'urn:sallyport:acr:password')
  assert.equal(idToken.auth_time, harness.clock.seconds)
  assert.match(String(idToken.sid), /^\w{20}$/)
})

test('sid stays when the same person signs in again, and auth_time moves', async t => {
  const { harness, authorize, redeem } = await openFlow(t)
  const first = claimsOf((await redeem(await authorize())).body.id_token)
  harness.clock.advance(60)
  const second = claimsOf((await redeem(await authorize({ prompt: 'login' }))).body.id_token)
  assert.equal(second.sid, first.sid)
  assert.equal(second.auth_time, Number(first.auth_time) + 60)
})

test('signing out with the ID token ends refresh tokens, and a code not yet redeemed (RP-Initiated Logout §2)', async t => {
  const { harness, browser, authorize, redeem } = await openFlow(t)
  const { body } = await redeem(await authorize())
  const waiting = await authorize()
  const answer = await browser.get(`/logout?id_token_hint=${body.id_token}`)
  assert.match(answer.body, /You are signed out/)
  const refreshed = await browser.post(
    '/token',
    { grant_type: 'refresh_token', client_id: 'spa', refresh_token: String(body.refresh_token) },
    { accept: 'application/json' },
  )
  assert.equal(JSON.parse(refreshed.body).error, 'invalid_grant')
  assert.equal((await redeem(waiting)).body.error, 'invalid_grant')
  assert.ok(harness.audits.some(({ action }) => action === 'session.end'))
})

test('an application removed on the account page gets no more tokens, neither by refresh token nor by a code it holds', async t => {
  const { browser, authorize, redeem } = await openFlow(t)
  const { body } = await redeem(await authorize())
  const waiting = await authorize()
  await browser.submit(await browser.open('/account'), '/account/apps/remove')
  const refreshed = await browser.post(
    '/token',
    { grant_type: 'refresh_token', client_id: 'spa', refresh_token: String(body.refresh_token) },
    { accept: 'application/json' },
  )
  assert.equal(JSON.parse(refreshed.body).error, 'invalid_grant')
  assert.equal((await redeem(waiting)).body.error, 'invalid_grant')
})
