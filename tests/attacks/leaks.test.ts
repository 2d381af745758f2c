/** After a run with everything that is secret in it, right and wrong: none of it is in a log, a record, a database or a document. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { accessTokenHash, generateSigningKey } from '@sallyport/credentials'
import { getCode, getTokens, proofOf, randomText, redemption, tokenRequest, tokensIn } from '../code-flow.ts'
import { exchange } from '../exchange.ts'
import { startSystem } from '../system.ts'
import { Browser } from './browser.ts'
import { administratorToken, assertionOf } from './doors.ts'
import { stolenKey } from './stolen-key.ts'

const home = mkdtempSync(join(tmpdir(), 'sallyport-leaks-'))
const system = await startSystem({ home })
after(async () => {
  await system.stop()
  rmSync(home, { recursive: true })
})
const { issuer, gateway, ordersApi, app, resources } = system

/** What must not be found, by what it is: enough of its end to be nobody's but its own. */
const secrets = new Map<string, string>()
const keep = (what: string, value: string): string => {
  if (value.length < 12) throw new Error(`${what} is too short to look for`)
  secrets.set(`${what} ${secrets.size}`, value.slice(-24))
  return value
}
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

function find(text: string, where: string): readonly string[] {
  return [...secrets].filter(([, secret]) => text.includes(secret)).map(([what]) => `${what} in ${where}`)
}

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

test('no token, code, secret, password, proof or cookie is in a log, the audit trail, a decision or a database', async () => {
  await run()
  const { d } = (await stolenKey(home)).privateKey.export({ format: 'jwk' })
  keep('signing key', String(d))
  assert.ok(secrets.size >= 40, `${secrets.size} secrets to look for`)
  assert.deepEqual(leaked(), [])
  const { secret, open } = files()
  assert.ok(secret.length >= 3 && open.length >= 6, `${secret} ${open}`)
  for (const path of secret) assert.equal(statSync(path).mode & 0o077, 0, path)
  const { stdout, stderr } = await system.stop()
  assert.deepEqual(leaked(), [], 'after the end')
  assert.deepEqual([...find(stdout, 'standard output'), ...find(stderr, 'standard error')], [])
  const lines = readFileSync(join(home, 'sallyport.log'), 'utf8').split('\n')
  for (const event of ['request', 'token_refused', 'refused'])
    assert.ok(
      lines.some(line => line.includes(`"event":"${event}"`)),
      `${event} is in the log`,
    )
})
