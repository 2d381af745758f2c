/** Pages of a started system: none can be framed, none runs what a request says, none sends its address elsewhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizationRequest, randomText } from '../code-flow.ts'
import { systemOfFile } from '../system.ts'
import { Browser, type Visited } from './browser.ts'

const system = await systemOfFile()
const { issuer, app, gateway, ordersApi, resources } = system
const asked = { client: 'spa', scope: 'openid read:orders', resource: resources.inside }

const directive = (policy: string, name: string): string | undefined =>
  policy
    .split(';')
    .map(part => part.trim())
    .find(part => part.startsWith(`${name} `))

function assertShielded(page: Visited): void {
  const policy = String(page.headers['content-security-policy'])
  const where = `${page.status} ${page.url}: ${policy}`
  assert.equal(directive(policy, 'frame-ancestors'), "frame-ancestors 'none'", where)
  assert.equal(page.headers['x-frame-options'], 'DENY', where)
  assert.equal(page.headers['x-content-type-options'], 'nosniff', where)
  assert.equal(page.headers['referrer-policy'], 'same-origin', where)
  assert.ok(directive(policy, 'default-src') === "default-src 'none'", where)
  assert.ok(directive(policy, 'base-uri') === "base-uri 'none'", where)
  assert.ok(directive(policy, 'form-action') !== undefined, where)
  assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'|\*|(?<!img-src[^;]*)\bdata:|http:\/\/(?!localhost)/, where)
  assert.doesNotMatch(page.text, /<[^>]+\son[a-z]+=|javascript:|<script(?![^>]*src=)[^>]*>[^<]*\S[^<]*location/i, where)
  assert.doesNotMatch(page.text, /(?:src|href)="(?:https?:)?\/\/(?!localhost)/, where)
}

test('every page says that nobody may frame it, and its policy lets in nothing but its own (OAuth 2.1 §7.10, CSP 3)', async () => {
  const browser = new Browser()
  const stranger = new Browser()
  const { url, redirectUri } = authorizationRequest(system, asked, randomText())
  const signIn = await browser.go(url)
  const pages: Visited[] = [signIn]
  const login = signIn.forms.find(({ fields }) => fields.has('password'))
  pages.push(await browser.submit(signIn, login, { username: 'alice', password: 'wrong' }))
  const consent = await browser.submit(signIn, login, system.user('alice'))
  const consentPage = await browser.go(new URL(consent.headers.location ?? '', issuer).href, redirectUri)
  assert.ok(consentPage.forms.some(({ buttons }) => buttons.length > 0))
  pages.push(consentPage)
  for (const path of [
    '/',
    '/account',
    '/account/password',
    '/account/passkeys/new',
    '/set-up',
    '/logout',
    '/sign-in',
    '/sign-in?login=00000000000000000000',
    '/consent?login=00000000000000000000',
    '/authorize',
    '/authorize?client_id=nobody',
    '/authorize?client_id=spa&redirect_uri=https://evil.example',
    '/nothing-here',
    '/%ff',
    '/token',
  ]) {
    pages.push(await browser.go(issuer + path), await stranger.go(issuer + path))
  }
  const formPost = authorizationRequest(
    system,
    { ...asked, parameters: { response_mode: 'form_post', prompt: 'none' } },
    '',
  )
  pages.push(await browser.go(formPost.url), await stranger.go(formPost.url))
  for (const path of ['/', '/orders/alice-1', '/bff/callback', '/bff/callback?state=x&code=y', '/nothing-here'])
    pages.push(await stranger.go(app + path))
  const html = pages.filter(({ headers }) => String(headers['content-type']).startsWith('text/html'))
  assert.ok(html.length >= 30, `${html.length} pages`)
  for (const page of html) assertShielded(page)
})

test('answers that are no pages cannot be framed or read as something else either', async () => {
  const browser = new Browser()
  for (const url of [
    `${issuer}/jwks`,
    `${issuer}/.well-known/openid-configuration`,
    `${issuer}/userinfo`,
    `${issuer}/manage/openapi.json`,
    `${issuer}/manage/clients`,
    `${gateway}/orders`,
    `${gateway}/nothing`,
    `${ordersApi}/orders`,
    `${ordersApi}/openapi.json`,
    `${app}/bff/session`,
    `${app}/api/orders`,
  ]) {
    const { headers, status } = await browser.ask(url)
    assert.equal(headers['x-content-type-options'], 'nosniff', `${status} ${url}`)
    assert.match(String(headers['content-type']), /^application\/(?:[a-z-]+\+)?json/, url)
  }
})

const probes = [
  '<script>alert(1)</script>',
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '" autofocus onfocus=alert(1) x="',
  'javascript:alert(1)',
  '</title><svg onload=alert(1)>',
  '</style><script>alert(1)</script>',
  '--><script>alert(1)</script>',
  '\u2028<svg/onload=alert(1)>',
  '＜script＞alert(1)＜/script＞',
  '{{constructor.constructor("alert(1)")()}}',
  '\r\nSet-Cookie: __Host-sp-authority=planted\r\n\r\n<script>alert(1)</script>',
]

const runs = /<script>alert|<img src=x|<svg[ /]on|" autofocus onfocus/

function assertInert(page: Visited, what: string): void {
  if (String(page.headers['content-type']).startsWith('text/html')) assert.doesNotMatch(page.text, runs, what)
  assert.ok(!(page.headers['set-cookie'] ?? []).some(line => line.includes('planted')), what)
  assert.doesNotMatch(String(page.headers.location), /[\r\n<>"]|^javascript:/i, what)
  assert.ok(page.status < 500, `${what}: ${page.status}`)
}

test('what a request says is shown as text or not at all: every parameter of every page (XSS, header injection)', async () => {
  const browser = new Browser()
  await browser.signIn(`${app}/bff/login`, system.user('alice'))
  const parameters = [
    'client_id',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'login_hint',
    'prompt',
    'max_age',
    'acr_values',
    'claims',
    'resource',
    'response_type',
    'response_mode',
    'ui_locales',
    'code_challenge',
    'id_token_hint',
  ]
  for (const probe of probes) {
    const encoded = encodeURIComponent(probe)
    for (const name of parameters) {
      for (const more of [{}, { prompt: 'none' }, { response_mode: 'form_post' }, { prompt: 'login' }]) {
        const { url } = authorizationRequest(system, { ...asked, parameters: { ...more, [name]: probe } }, randomText())
        const seen = await browser.ask(url)
        assertInert(seen, `${name} ${probe}`)
        const { location = '' } = seen.headers
        if (location.startsWith('/')) assertInert(await browser.go(issuer + location), `${name} ${probe}, shown`)
      }
    }
    for (const path of [
      `/${encoded}`,
      `/sign-in?login=${encoded}`,
      `/consent?login=${encoded}`,
      `/account?done=${encoded}`,
      `/account/${encoded}`,
      `/logout?client_id=${encoded}`,
      `/logout?client_id=spa&post_logout_redirect_uri=${encoded}`,
      `/logout?state=${encoded}&client_id=spa`,
      `/set-up?code=${encoded}`,
      `/?${encoded}=${encoded}`,
    ]) {
      assertInert(await browser.go(issuer + path), path)
    }
    for (const path of [
      `/${encoded}`,
      `/bff/callback?state=${encoded}&code=${encoded}`,
      `/bff/callback?error=${encoded}&error_description=${encoded}&state=x`,
      `/bff/callback?iss=${encoded}&state=${encoded}`,
      `/bff/login?return_to=${encoded}&login_hint=${encoded}`,
      `/bff/login?return_to=/${encoded}`,
    ]) {
      assertInert(await browser.ask(app + path), path)
    }
    assertInert(await browser.ask(`${gateway}/${encoded}`), 'gateway')
    assertInert(await browser.ask(`${ordersApi}/orders/${encoded}`), 'orders API')
  }
})

test('a form’s answer shows what was typed as text (XSS at the sign-in page)', async () => {
  const browser = new Browser()
  for (const probe of probes) {
    const { url } = authorizationRequest(system, { ...asked, parameters: { login_hint: probe } }, randomText())
    const page = await browser.go(url)
    assertInert(page, 'login_hint')
    const login = page.forms.find(({ fields }) => fields.has('password'))
    assertInert(await browser.submit(page, login, { username: probe, password: probe }), 'username')
    const body = new URLSearchParams({ code: probe, form_token: probe, login: probe })
    assertInert(await browser.ask(`${issuer}/set-up`, { method: 'POST', body }), 'set-up')
  }
  const honest = new Browser()
  assert.equal((await honest.go(`${issuer}/account`)).status, 200)
})
