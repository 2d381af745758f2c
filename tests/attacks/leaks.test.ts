/** After a run with everything that is secret in it, right and wrong: none of it is in a log, a record, a database or a document. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { accessTokenHash, generateSigningKey } from '@sallyport/credentials'
import { getCode, getTokens, proofOf, randomText, redemption, tokenRequest, tokensIn } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import { rawRequest } from '../raw-request.ts'
import { startSystem } from '../system.ts'
import { startTraceCollector } from '../trace-collector.ts'
import { Browser } from './browser.ts'
import { administratorToken, assertionOf } from './doors.ts'
import { Marked } from './secret-forms.ts'
import { stolenKey } from './stolen-key.ts'

const home = mkdtempSync(join(tmpdir(), 'sallyport-leaks-'))
const collector = await startTraceCollector()
// Everything that can be written is: every line of the log, and a span of every step.
const configuration = join(home, 'sallyport.yaml')
const usual = readFileSync(join(import.meta.dirname, '../system.yaml'), 'utf8')
writeFileSync(configuration, `${usual}log:\n  level: debug\ntracing:\n  endpoint: ${collector.endpoint}\n`)
const system = await startSystem({ home, environment: { SALLYPORT_CONFIG: configuration } })
after(async () => {
  await system.stop()
  await collector.close()
  rmSync(home, { recursive: true })
})
const { issuer, gateway, ordersApi, app, resources } = system

const secrets = new Marked()
const keep = (what: string, value: string): string => secrets.keep(what, value)
const bearer = (token: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${token}` })

/** Everything a user and an attacker do, once. */
async function run(): Promise<void> {
  for (const { username, password } of system.demo.users) keep(`password of ${username}`, password)
  for (const { client_id, client_secret, private_jwk } of system.demo.clients) {
    if (client_secret !== undefined) keep(`secret of ${client_id}`, client_secret)
    if (private_jwk !== undefined && 'd' in private_jwk) keep(`key of ${client_id}`, String(private_jwk.d))
  }
  for (const resource of [resources.inside, resources.outside]) {
    const scope = 'openid profile read:orders offline_access'
    const got = await getCode(system, { client: 'web-app', username: 'alice', scope, resource })
    keep('code', got.code)
    keep('verifier', got.verifier)
    const tokens = tokensIn(await tokenRequest(system, 'web-app', redemption(got)))
    for (const [what, token] of Object.entries(tokens)) keep(`${what} token`, token)
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh }
    const next = tokensIn(await tokenRequest(system, 'web-app', refresh))
    for (const [what, token] of Object.entries(next)) keep(`next ${what} token`, token)
    const at = resource === resources.inside ? ordersApi : gateway
    for (const path of [
      '/orders',
      '/orders/bob-1',
      `/orders?access_token=${next.access}`,
      `/orders/${next.access}`,
      `/${next.access}`,
    ]) {
      await exchange(at + path, { headers: bearer(next.access) })
      await exchange(at + path, { headers: bearer(`${next.access}x`) })
    }
    for (const path of ['/userinfo', `/userinfo?access_token=${next.access}`, `/sign-in?login=${next.access}`])
      await exchange(issuer + path, { headers: bearer(next.access) })
    for (const reply of [
      await tokenRequest(system, 'web-app', redemption(got)),
      await tokenRequest(system, 'spa', refresh),
    ])
      assert.equal(reply.status, 400)
    const inQuery = new URLSearchParams({ ...redemption(got), client_id: 'web-app' })
    await exchange(`${issuer}/token?${inQuery}`, { method: 'POST', body: inQuery })
  }
  await runMachines()
  await runBrowser()
  await runAccount()
  await runMalformed()
  await runUser()
}

async function runMachines(): Promise<void> {
  const key = generateSigningKey('ES256')
  const asked = { client: 'spa', username: 'bob', scope: 'openid read:orders', resource: resources.outside }
  const { access } = await getTokens(system, asked, key)
  const proof = keep('proof', proofOf(key, { htm: 'GET', htu: `${gateway}/orders`, ath: accessTokenHash(access) }))
  for (let uses = 0; uses < 2; uses += 1)
    await exchange(`${gateway}/orders`, { headers: { ...bearer(keep('bound token', access), 'DPoP'), dpop: proof } })
  const assertion = await assertionOf(system, 'reporter')
  keep('assertion', assertion.client_assertion ?? '')
  const grant = { grant_type: 'client_credentials', scope: 'read:orders', ...assertion }
  const sent = () => exchange(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(grant) })
  keep('machine token', tokensIn(await sent()).access)
  assert.equal((await sent()).status, 401)
  const administrator = keep('administrator token', await administratorToken(system))
  const added = await exchange(`${issuer}/manage/clients`, {
    method: 'POST',
    headers: { ...bearer(administrator), 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Leaky',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
      scopes: ['read:orders'],
      resources: [resources.inside],
    }),
  })
  assert.equal(added.status, 201, added.text)
  const { client_id, client_secret } = added.json
  keep('new secret', String(client_secret))
  const shown = await exchange(`${issuer}/manage/clients/${client_id}`, { headers: bearer(administrator) })
  assert.ok(!shown.text.includes(String(client_secret)), 'a secret is shown once')
  const password = keep('password of a new user', randomText())
  const user = await exchange(`${issuer}/manage/users`, {
    method: 'POST',
    headers: { ...bearer(administrator), 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'dora', password }),
  })
  assert.ok(user.status === 201 || user.status === 422, user.text)
  assert.ok(!user.text.includes(password))
}

async function runBrowser(): Promise<void> {
  const browser = new Browser()
  const wrong = keep('wrong password', `wrong-${randomText()}`)
  const page = await browser.go(`${issuer}/account`)
  const login = page.forms.find(({ fields }) => fields.has('password'))
  await browser.submit(page, login, { username: 'alice', password: wrong })
  await browser.submit(page, login, { username: keep('password as username', randomText()), password: wrong })
  await browser.signIn(`${app}/bff/login`, system.user('alice'))
  const csrf = { 'sallyport-csrf': '1' }
  await browser.ask(`${app}/api/orders`, { headers: csrf })
  await browser.ask(`${app}/api/orders/bob-1`, { headers: csrf })
  for (const [name, value] of browser.cookies) keep(`cookie ${name}`, value)
  await browser.ask(`${app}/bff/callback?code=${keep('code of nobody', randomText())}&state=${randomText()}`)
  await browser.ask(`${app}/bff/logout`, { method: 'POST', headers: csrf })
}

/** Recovery codes, as they are shown, and one used wrongly. */
async function runAccount(): Promise<void> {
  const browser = new Browser()
  const account = await browser.signIn(`${issuer}/account`, system.user('bob'))
  const form = account.forms.find(({ action }) => action.endsWith('/recovery-codes'))
  const shown = await browser.submit(account, form, {})
  const codes = [...shown.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = '']) => code)
  assert.ok(codes.length >= 8, `${shown.status} ${shown.text.slice(0, 400)}`)
  for (const code of codes) keep('recovery code', code)
  const [first = ''] = codes
  for (const path of ['/sign-in/recovery', '/sign-in', '/account'])
    await browser.ask(`${issuer}${path}?code=${encodeURIComponent(first)}`)
  await exchange(`${issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: first, code: first }) })
  for (const [name, value] of browser.cookies) keep(`cookie ${name}`, value)
}

/** A link by which a person chooses a password, opened with its code where it belongs and where it does not. */
async function runUser(): Promise<void> {
  const administrator = await administratorToken(system)
  keep('administrator token', administrator)
  const added = await exchange(`${issuer}/manage/users`, {
    method: 'POST',
    headers: { ...bearer(administrator), 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'emil' }),
  })
  const link = new URL(String(added.json.set_up_url))
  const code = keep('set-up code', link.hash.slice(1).split('=').at(-1) ?? '')
  for (const url of [
    link.href,
    `${issuer}${link.pathname}?code=${code}`,
    `${issuer}/${code}`,
    `${gateway}/orders/${code}`,
  ])
    await exchange(url)
  await exchange(link, {
    method: 'POST',
    body: new URLSearchParams({ code, password: keep('chosen password', randomText()) }),
  })
  // `user_add` of a name that is taken, with a secret where the name belongs.
  await exchange(`${issuer}/manage/users/${code}`, { headers: bearer(administrator) })
  await exchange(`${issuer}/manage/users`, {
    method: 'POST',
    headers: { ...bearer(administrator), 'content-type': 'application/json' },
    body: `{"username":"${code}","password":"${keep('password in broken JSON', randomText())}"`,
  })
}

/** Requests that no framework takes for one, and headers where nobody looks for a secret. */
async function runMalformed(): Promise<void> {
  const token = keep('token of nobody', `sp_at_${randomText()}${randomText()}`)
  const basic = keep('secret in Basic', randomText())
  const foreign = keep('long secret of somebody else', randomText())
  const id = keep('identity of a caller', randomText())
  for (const origin of [issuer, gateway, app, ordersApi]) {
    const { host } = new URL(origin)
    for (const bytes of [
      `GET /${token} HTTP/9.9\r\nHost: ${host}\r\n\r\n`,
      `GET /?access_token=${token} HTTP/1.1\r\nHost: ${token}.example\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization : Bearer ${token}\r\n\r\n`,
      `POST /token HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nclient_secret=${basic}`,
      `POST /token HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: text/${token}\r\nContent-Length: 3\r\n\r\na=b`,
      `GET /orders/${'%zz'}${token} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    ])
      await rawRequest(origin, bytes).catch(() => '')
    for (const path of [`/${foreign}`, `/orders/${foreign}`, `/api/orders/${foreign}`]) await exchange(origin + path)
    for (const headers of [
      { authorization: `Basic ${btoa(`web-app:${basic}`)}` },
      { authorization: `Bearer ${token}, Bearer ${token}` },
      { authorization: `Bearer ${btoa(token)}` },
      { authorization: `DPoP ${token}`, dpop: `${btoa('{"typ":"dpop+jwt"}')}.${btoa(`{"jti":"${id}"}`)}.${id}` },
      { authorization: `Bearer ${foreign}` },
      { cookie: `__Host-sp-authority=${token}; __Host-sp-bff=${token}` },
      { origin: `https://${token}.example`, referer: `https://x.example/?code=${token}` },
      {
        traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`,
        tracestate: `x=${token}`,
        baggage: `t=${token}`,
      },
    ])
      for (const path of ['/orders', '/orders/bob-1', `/userinfo`, '/manage/clients', '/api/orders', '/bff/session'])
        await exchange(origin + path, { headers })
  }
  for (const endpoint of ['token', 'introspect', 'revoke', 'authorize'])
    for (const body of [
      { token, client_id: 'web-app', client_secret: basic },
      { grant_type: token, client_id: token, scope: token, resource: `https://${token}.example` },
      { client_assertion_type: basic, client_assertion: `${basic}.${basic}.${basic}` },
      {
        grant_type: 'refresh_token',
        refresh_token: keep('refresh token of nobody', `sp_rt_${randomText()}`),
        client_id: 'spa',
      },
    ]) {
      const form = new URLSearchParams(body)
      await exchange(`${issuer}/${endpoint}`, { method: 'POST', body: form })
      await exchange(`${issuer}/${endpoint}?${form}`)
      await exchange(`${issuer}/${endpoint}`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`web-app:${basic}`)}` },
        body: form,
      })
    }
}

const find = (text: string, where: string): readonly string[] => secrets.find(text, where)

/** The files of the data folder: those that exist to hold secrets, and all others. */
function files(): { readonly secret: readonly string[]; readonly open: readonly string[] } {
  const all = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  const isSecret = (path: string) => /\/(?:demo\.json|cli\.key\.json|master\.key|[^/]*\.?key(?:\.pem)?)$/.test(path)
  return { secret: all.filter(isSecret), open: all.filter(path => !isSecret(path)) }
}

const leaked = (): readonly string[] => files().open.flatMap(path => find(readFileSync(path, 'latin1'), path))

test('no public document holds a private key, a secret or a token', async () => {
  for (const url of [
    `${issuer}/jwks`,
    `${issuer}/.well-known/openid-configuration`,
    `${issuer}/.well-known/oauth-authorization-server`,
    `${issuer}/manage/openapi.json`,
    `${issuer}/revocations/keys`,
    `${gateway}/metrics`,
    `${gateway}/.well-known/oauth-protected-resource/orders`,
    `${ordersApi}/metrics`,
    `${ordersApi}/openapi.json`,
    `${app}/`,
  ]) {
    const { status, text } = await exchange(url)
    assert.equal(status, 200, url)
    assert.doesNotMatch(text, /"(?:d|p|q|dp|dq|qi|k)":\s*"|PRIVATE KEY|sp_(?:at|rt|ac|cs|se)_[0-9A-Za-z]{20}/, url)
  }
})

test('no token, code, secret, password, proof or cookie is in a log, the audit trail, a decision, a trace, a metric or a database', async () => {
  await run()
  const { d } = (await stolenKey(home)).privateKey.export({ format: 'jwk' })
  keep('signing key', String(d))
  assert.ok(secrets.size >= 60, `${secrets.size} secrets to look for`)
  assert.deepEqual(leaked(), [])
  for (const origin of [issuer, gateway, app, ordersApi])
    assert.deepEqual(find((await exchange(`${origin}/metrics`)).text, `metrics of ${origin}`), [])
  const { secret, open } = files()
  assert.ok(secret.length >= 3 && open.length >= 6, `${secret} ${open}`)
  for (const path of secret) assert.equal(statSync(path).mode & 0o077, 0, path)
  const { stdout, stderr } = await system.stop()
  assert.deepEqual(leaked(), [], 'after the end')
  assert.deepEqual([...find(stdout, 'standard output'), ...find(stderr, 'standard error')], [])
  assert.deepEqual(collector.problems, [])
  assert.ok(collector.spans.length > 100, `${collector.spans.length} spans`)
  assert.deepEqual(find(collector.bodies.join('\n'), 'traces'), [])
  const lines = readFileSync(join(home, 'sallyport.log'), 'utf8').split('\n')
  for (const event of ['request', 'token_refused', 'refused'])
    assert.ok(
      lines.some(line => line.includes(`"event":"${event}"`)),
      `${event} is in the log`,
    )
})
