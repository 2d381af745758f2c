import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOpaqueToken } from '@sallyport/credentials'
import { createListener } from '@sallyport/server'
import type { AuthorizationCode } from '../authorization-code.ts'
import { harnessIssuer, openHarness } from '../testing/authority-harness.ts'
import { bobsPassword, openFront } from '../testing/front-harness.ts'
import { TestBrowser, titleOf } from '../testing/test-browser.ts'
import { createAuthority } from './authority.ts'
import { registerFrontChannel } from './front-channel.ts'

test('authorize, password, consent, code: the whole way with state and iss, and the second time without a question (OAuth 2.1 §4.1)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const signIn = await browser.open(front.authorizePath())
  assert.equal(titleOf(signIn), 'Sign in · Sallyport')
  const consent = await browser.submit(signIn, '/sign-in', { username: 'BOB', password: bobsPassword })
  assert.match(titleOf(consent), /^Allow web-app\?/)
  assert.match(consent.body, /See your orders/)
  const done = await browser.submit(consent, '/consent', { answer: 'allow' })
  assert.equal(done.status, 303)
  const location = new URL(done.location ?? '')
  assert.equal(location.origin + location.pathname, 'http://localhost:4200/cb')
  assert.equal(location.searchParams.get('state'), 'state-1')
  assert.equal(location.searchParams.get('iss'), 'http://localhost:4000')
  const code = parseOpaqueToken(location.searchParams.get('code') ?? '', 'ac')
  const stored = await front.context.store.peek<AuthorizationCode>('code', code?.selector ?? '')
  assert.equal(stored?.value.subject, front.bob.id)
  assert.equal(stored?.value.secret_hash, code?.secretHash)
  assert.deepEqual(stored?.value.amr, ['pwd'])
  const again = await browser.get(front.authorizePath())
  assert.match(again.location ?? '', /[?&]code=sp_ac_/)
})

test('every link of the status page leads somewhere in the whole authority', async t => {
  const harness = await openHarness()
  const { app, close } = createAuthority({
    context: harness.context,
    listener: { name: 'authority', origin: harnessIssuer, port: 0 },
  })
  t.after(async () => {
    await close()
    await harness.close()
  })
  await app.ready()
  const browser = new TestBrowser(app, harnessIssuer)
  const page = await browser.get('/')
  assert.equal(titleOf(page), 'Running · Sallyport')
  const links = [...page.body.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href)
  assert.ok(links.length > 5)
  for (const link of links) assert.equal((await browser.open(link)).status, 200, link)
})

test('a path issuer has all its pages below its path, and its links there', async t => {
  const harness = await openHarness({ issuer: 'https://auth.example/tenant' })
  const { app } = createListener({ name: 'authority', origin: 'https://auth.example', port: 0 })
  registerFrontChannel(app, harness.context)
  await app.ready()
  t.after(async () => {
    await app.close()
    await harness.close()
  })
  const browser = new TestBrowser(app, 'https://auth.example')
  const page = await browser.open('/tenant/account')
  assert.equal(titleOf(page), 'Sign in · Sallyport')
  for (const [, address = ''] of page.body.matchAll(/(?:href|action)="([^"]+)"/g)) assert.match(address, /^\/tenant\//)
  assert.equal((await browser.get('/account')).status, 404)
})

test('an error page tells details on a developer’s machine only; everywhere a reference that the log has too', async t => {
  const harness = await openHarness({ issuer: 'https://auth.example' })
  const { app } = createListener({ name: 'authority', origin: 'https://auth.example', port: 0 })
  registerFrontChannel(app, harness.context)
  await app.ready()
  t.after(async () => {
    await app.close()
    await harness.close()
  })
  const answer = await new TestBrowser(app, 'https://auth.example').get(
    '/authorize?client_id=web-app&redirect_uri=https://evil.example/',
  )
  assert.equal(answer.status, 400)
  assert.doesNotMatch(answer.body, /evil\.example|localhost:4200|RFC 9700/)
  const reference = /Reference <code>(\w+)/.exec(answer.body)?.[1]
  const logged = harness.log.find(({ event }) => event === 'authorization_refused')
  assert.equal(logged?.fields.request_id, reference)
  assert.equal(logged?.fields.got, 'https://evil.example/')
})
