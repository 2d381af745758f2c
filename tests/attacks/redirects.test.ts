/** Open redirects and codes sent astray: wherever a started system sends a browser, it is a place that was registered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizationRequest, getTokens, randomText } from '../code-flow.ts'
import { systemOfFile } from '../system.ts'
import { Browser } from './browser.ts'

const system = await systemOfFile()
const { issuer, app, resources } = system
const asked = { client: 'spa', scope: 'openid read:orders', resource: resources.inside }
const registered = system.client('spa').redirect_uris?.[0] ?? ''

/** A browser in which alice has signed in and consented: whatever is registered would get its code at once. */
async function signedIn(): Promise<Browser> {
  const browser = new Browser()
  const { url, redirectUri } = authorizationRequest(system, asked, randomText())
  const { url: end } = await browser.signIn(url, system.user('alice'), redirectUri)
  assert.ok(new URL(end).searchParams.has('code'), end)
  return browser
}

test('a redirect_uri that is not registered byte for byte gets a page and no redirect (OAuth 2.1 §2.3.1, RFC 9700 §4.1)', async () => {
  const astray = [
    'https://evil.example/callback',
    `${registered}/`,
    `${registered}?next=https://evil.example`,
    `${registered}#fragment`,
    `${registered}/../evil`,
    `${registered}%2f..%2fevil`,
    `${registered}%00`,
    ` ${registered}`,
    `${registered}\n`,
    registered.replace('http:', 'https:'),
    registered.replace('localhost', 'LOCALHOST'),
    registered.replace('localhost', 'localhost.evil.example'),
    registered.replace('localhost', 'evil.localhost'),
    registered.replace('localhost', '[::1]'),
    registered.replace('4600', '4601'),
    registered.replace('4600', '04600'),
    registered.replace('localhost:4600', 'localhost:4600@evil.example'),
    registered.replace('http://', 'http://user@'),
    registered.replace('http://', 'http:/\\'),
    '//localhost:4600/callback',
    '/callback',
    'javascript:alert(1)//localhost:4600/callback',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    system.client('web-app').redirect_uris?.[0] ?? '',
    '',
  ]
  const strangers = [await signedIn(), new Browser()]
  for (const redirect_uri of astray) {
    for (const browser of strangers) {
      const { url } = authorizationRequest(system, { ...asked, parameters: { redirect_uri } }, randomText())
      const { status, headers, text } = await browser.ask(url)
      assert.deepEqual([status, headers.location], [400, undefined], redirect_uri)
      assert.match(String(headers['content-type']), /^text\/html/)
      assert.doesNotMatch(
        text,
        /href="(?:https?:)?\/\/evil|href="javascript|action="https?:\/\/evil|http-equiv="refresh/i,
      )
    }
  }
  const { url } = authorizationRequest(system, asked, randomText())
  const twice = `${url}&redirect_uri=${encodeURIComponent('https://evil.example/')}`
  const { status, headers } = await (await signedIn()).ask(twice)
  assert.deepEqual([status, headers.location], [400, undefined])
})

test('a native app’s loopback address may differ in its port and in nothing else (RFC 8252 §7.3)', async () => {
  const browser = new Browser()
  const terminal = { ...asked, client: 'terminal' }
  const ask = (redirect_uri: string) =>
    browser.ask(authorizationRequest(system, { ...terminal, parameters: { redirect_uri } }, randomText()).url)
  assert.equal((await ask('http://127.0.0.1:51004/callback')).status, 303)
  for (const redirect_uri of [
    'http://127.0.0.1:51004/other',
    'http://127.0.0.1:51004/callback/',
    'http://127.0.0.2:51004/callback',
    'http://localhost:51004/callback',
    'http://127.0.0.1:51004@evil.example/callback',
    'http://127.0.0.1.evil.example:51004/callback',
    'http://127.0.0.1:0/callback',
    'http://127.0.0.1:99999/callback',
    'http://0x7f.1:51004/callback',
    'http://2130706433:51004/callback',
    'https://127.0.0.1:51004/callback',
  ]) {
    const { status, headers } = await ask(redirect_uri)
    assert.deepEqual([status, headers.location], [400, undefined], redirect_uri)
  }
})

test('after sign-in the browser back end leads back to its own pages alone (RFC 9700 §4.11)', async () => {
  const browser = new Browser()
  assert.equal((await browser.signIn(`${app}/bff/login`, system.user('alice'))).status, 200)
  for (const return_to of [
    'https://evil.example/',
    '//evil.example/',
    '///evil.example/',
    '/\\evil.example/',
    '\\\\evil.example/',
    '/\t/evil.example/',
    '/%09/evil.example',
    '/%2f%2fevil.example',
    '/..//evil.example',
    '/.//evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '@evil.example',
    '/@evil.example',
    `${app}@evil.example`,
    `${app}.evil.example`,
    '/\r\nLocation: https://evil.example/',
    `${issuer}/logout`,
  ]) {
    const callback = await browser.go(`${app}/bff/login?${new URLSearchParams({ return_to })}`, `${app}/bff/callback`)
    const { status, headers } = await browser.ask(callback.url)
    assert.equal(status, 303, return_to)
    const location = headers.location ?? ''
    assert.equal(new URL(location, app).origin, app, `${return_to} led to ${location}`)
    // What a browser reads as another host, even where a parser of ours does not.
    assert.doesNotMatch(location, /^(?:[/\\]{2}|[a-z]+:)/i)
  }
})

test('signing out leads to a registered address or nowhere, and nobody is signed out by a link (RP-Initiated Logout 1.0 §2, §3)', async () => {
  const browser = await signedIn()
  const { id } = await getTokens(system, { ...asked, username: 'bob' })
  const after = system.client('spa').post_logout_redirect_uris?.[0] ?? ''
  const log = (parameters: Record<string, string>) => browser.ask(`${issuer}/logout?${new URLSearchParams(parameters)}`)
  for (const post_logout_redirect_uri of [
    'https://evil.example/',
    `${after}x`,
    `${after}?x`,
    after.replace('4600', '4601'),
    after.replace('localhost', 'localhost@evil.example'),
    '//evil.example',
    'javascript:alert(1)',
    registered,
  ]) {
    for (const more of [{ client_id: 'spa' }, { id_token_hint: id }, {}]) {
      const { status, headers } = await log({ post_logout_redirect_uri, ...more })
      assert.deepEqual([status, headers.location], [400, undefined], post_logout_redirect_uri)
    }
  }
  for (const parameters of [
    {},
    { client_id: 'spa' },
    { client_id: 'spa', post_logout_redirect_uri: after },
    { id_token_hint: id, post_logout_redirect_uri: after },
    { confirmed: 'yes' },
  ]) {
    const { status, headers, forms } = await log(parameters)
    assert.deepEqual([status, headers.location], [200, undefined], JSON.stringify(parameters))
    assert.ok(
      forms.some(({ fields }) => fields.has('form_token')),
      'a question, with a form of its own',
    )
  }
  const altered = `${id.slice(0, -4)}AAAA`
  assert.equal((await log({ id_token_hint: altered, post_logout_redirect_uri: after })).status, 400)
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const body = new URLSearchParams({ confirmed: 'yes' })
  await browser.ask(`${issuer}/logout`, { method: 'POST', headers: foreign, body })
  assert.equal((await browser.go(`${issuer}/account`)).status, 200)
  assert.match((await browser.go(`${issuer}/account`)).text, /alice/, 'alice is still signed in')
})
