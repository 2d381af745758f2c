import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { createListener } from '@sallyport/server'
import fc from 'fast-check'
import { bffForTests } from '../testing/bff-for-tests.ts'
import { registerBff } from './bff.ts'

const own = {
  'sallyport-csrf': '1',
  origin: 'http://localhost:4200',
  'sec-fetch-site': 'same-origin',
  host: 'localhost:4200',
}
const host = { host: 'localhost:4200' }
type Api = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** The back end on a listener, a real API behind it, and an authority that answers as a test says. */
async function openBff(
  t: TestContext,
  options: { readonly api?: Api; readonly authority?: (form: URLSearchParams) => Response | undefined } = {},
) {
  const seen: IncomingMessage[] = []
  const api = createServer(async (request, response) => {
    seen.push(request)
    let body = ''
    for await (const chunk of request) body += chunk
    const answer: Api =
      options.api ?? ((_request, to) => to.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
    answer(request, response, body)
  })
  await new Promise<void>(resolve => api.listen(0, '127.0.0.1', resolve))
  const address = api.address()
  assert.ok(address !== null && typeof address === 'object')
  const issued = { nonce: '', tokens: 0, revoked: [] as string[] }
  const bff = await bffForTests(async (url, form) => {
    const given = options.authority?.(form)
    if (given !== undefined) return given
    if (url.endsWith('/revoke')) {
      issued.revoked.push(form.get('token') ?? '')
      return new Response()
    }
    issued.tokens += 1
    const id_token = await bff.idToken({ nonce: issued.nonce, sid: 'sid-1', name: 'Alice Abara' })
    const lives = { token_type: 'DPoP', expires_in: 300, id_token }
    return Response.json({ ...lives, access_token: `at-${issued.tokens}`, refresh_token: `rt-${issued.tokens}` })
  })
  const { context } = bff
  const routes = [
    { prefix: '/api/orders', upstream: `http://127.0.0.1:${address.port}/orders`, methods: ['GET', 'POST'] },
  ]
  const settings = { ...context.settings, routes }
  const listener = createListener({ name: 'bff', origin: context.settings.origin, port: 0 })
  const page = { body: Buffer.from('<!doctype html>'), type: 'text/html; charset=utf-8', etag: '"e"' }
  registerBff(
    listener.app,
    { ...context, settings },
    { files: new Map([['/', page]]), connect: ['http://localhost:4100'] },
  )
  t.after(async () => {
    await listener.close()
    api.closeAllConnections()
    await new Promise(resolve => api.close(resolve))
    await bff.close()
  })
  const ask = (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    headers: Record<string, string> = {},
    payload?: string,
  ) =>
    listener.app.inject({
      method,
      url,
      headers: { ...host, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  /** Signs in through both routes, as a browser would; returns the session's cookie pair. */
  const signIn = async (query = '', jar = ''): Promise<{ readonly session: string; readonly location: string }> => {
    const begun = await ask('GET', `/bff/login${query}`, jar === '' ? {} : { cookie: jar })
    const asked = new URL(String(begun.headers.location)).searchParams
    issued.nonce = asked.get('nonce') ?? ''
    const answer = new URLSearchParams({ code: 'c', state: asked.get('state') ?? '', iss: settings.issuer })
    const done = await ask('GET', `/bff/callback?${answer}`, {
      cookie: `${jar}; ${pairOf(begun.headers['set-cookie'], 'login')}`,
    })
    return { session: pairOf(done.headers['set-cookie'], '__Host-sp-bff='), location: String(done.headers.location) }
  }
  return { ...bff, ask, signIn, seen, issued }
}

const linesOf = (header: unknown): readonly string[] => [header].flat().map(String)
const pairOf = (header: unknown, part: string): string =>
  linesOf(header)
    .find(line => line.includes(part) && !/max-age=0/i.test(line))
    ?.split(';')[0] ?? ''

test('S68 sign-in sets a Lax cookie for ten minutes, the session a Strict one, and both are the server’s alone', async t => {
  const { ask, signIn } = await openBff(t)
  const begun = await ask('GET', '/bff/login?return_to=/orders')
  assert.equal(begun.statusCode, 303)
  assert.match(
    String(begun.headers['set-cookie']),
    /^__Host-sp-bff-login-[\w-]{12}=.*; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  )
  const { session, location } = await signIn('?return_to=/orders')
  assert.equal(location, '/orders')
  assert.match(session, /^__Host-sp-bff=[\w-]+\.[\w-]+$/)
  const who = (await ask('GET', '/bff/session', { ...own, cookie: session })).json()
  assert.equal(who.user.name, 'Alice Abara')
  assert.deepEqual(Object.keys(who).sort(), ['expires_at', 'scope', 'signed_in', 'user'])
})

test('the page asks for the usual scopes unless it names others, and never for more than its operator allows (RFC 6749 §3.3)', async t => {
  const { ask } = await openBff(t)
  const scopeOf = async (query: string) =>
    new URL(String((await ask('GET', `/bff/login${query}`)).headers.location)).searchParams.get('scope')
  assert.equal(await scopeOf(''), 'openid profile read:orders')
  assert.equal(await scopeOf('?scope=refund:orders+manage:keys'), 'openid refund:orders')
  assert.equal(await scopeOf('?scope=manage:keys'), 'openid profile read:orders')
})

test('S68 every call needs the CSRF header and our own origin, whatever its method; a refused one reaches no API', async t => {
  const { ask, signIn, seen } = await openBff(t)
  const { session } = await signIn()
  const bad: Record<string, string>[] = [
    { cookie: session },
    { ...own, cookie: session, origin: 'https://evil.example' },
    { ...own, cookie: session, 'sec-fetch-site': 'cross-site' },
    { ...own, cookie: session, 'sallyport-csrf': '' },
  ]
  for (const headers of bad) {
    for (const [method, url] of [
      ['GET', '/bff/session'],
      ['POST', '/bff/logout'],
      ['GET', '/api/orders'],
      ['POST', '/api/orders/1'],
    ] as const) {
      assert.equal((await ask(method, url, headers)).statusCode, 403, `${method} ${url}`)
    }
  }
  assert.equal(seen.length, 0)
  assert.equal((await ask('GET', '/bff/session', { ...own, cookie: session })).json().signed_in, true)
})

test('S68 a call goes on with token and proof and without the page’s cookies and headers; its answer sets no cookie', async t => {
  const { ask, signIn, seen } = await openBff(t, {
    api: (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b', 'dpop-nonce': 'n', 'x-secret': 's' })
        .end('{"orders":[]}'),
  })
  const { session } = await signIn()
  const headers = {
    ...own,
    cookie: session,
    authorization: 'Bearer page',
    'x-forwarded-for': '1.2.3.4',
    'accept-language': 'de',
  }
  const answer = await ask('GET', '/api/orders?limit=2', headers)
  assert.equal(answer.body, '{"orders":[]}')
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.equal(answer.headers['dpop-nonce'], undefined)
  assert.equal(answer.headers['x-secret'], undefined)
  const [request] = seen
  assert.equal(request?.url, '/orders?limit=2')
  assert.equal(request?.headers.authorization, 'DPoP at-1')
  assert.ok(request?.headers.dpop)
  assert.equal(request?.headers['accept-language'], 'de')
  for (const name of ['cookie', 'x-forwarded-for', 'sallyport-csrf', 'origin'])
    assert.equal(request?.headers[name], undefined, name)
})

test('S68 what is not on the allow-list is not forwarded: other paths, methods, ambiguous addresses', async t => {
  const { ask, signIn, seen } = await openBff(t)
  const { session } = await signIn()
  const headers = { ...own, cookie: session }
  assert.equal((await ask('DELETE', '/api/orders/1', headers)).statusCode, 405)
  assert.equal((await ask('GET', '/api/other', headers)).statusCode, 404)
  for (const path of ['/api/orders/..%2fadmin', '/api/orders/%2e%2e/admin', '/api/orders//admin']) {
    assert.ok((await ask('GET', path, headers)).statusCode >= 400, path)
  }
  assert.equal(seen.length, 0)
})

test('a token that the API refuses before its time is renewed and the call made again; a dead family ends the session (RFC 6750 §3.1)', async t => {
  const challenge = { 'www-authenticate': 'DPoP error="invalid_token"' }
  let dead = false
  const { ask, signIn } = await openBff(t, {
    api: (request, response) =>
      request.headers.authorization === 'DPoP at-1'
        ? response.writeHead(401, challenge).end('{}')
        : response.writeHead(dead ? 401 : 200, challenge).end('{"ok":1}'),
    authority: form =>
      dead && form.get('grant_type') === 'refresh_token'
        ? Response.json({ error: 'invalid_grant' }, { status: 400 })
        : undefined,
  })
  const { session } = await signIn()
  const headers = { ...own, cookie: session }
  assert.equal((await ask('GET', '/api/orders', headers)).body, '{"ok":1}')
  dead = true
  const last = await ask('GET', '/api/orders', headers)
  assert.equal(last.statusCode, 401)
  assert.equal(last.headers['sallyport-session'], 'ended')
  assert.match(String(last.headers['set-cookie']), /__Host-sp-bff=; .*Max-Age=0/)
  assert.equal((await ask('GET', '/bff/session', headers)).json().signed_in, false)
})

test('sign-out ends the session, revokes its tokens, and leads to the authority without a token in the address (RFC 7009, RP-Initiated Logout §2)', async t => {
  const { ask, signIn, issued } = await openBff(t)
  const { session } = await signIn()
  const answer = await ask('POST', '/bff/logout', { ...own, cookie: session })
  const location = new URL(answer.json().location)
  assert.equal(location.pathname, '/logout')
  assert.deepEqual(Object.fromEntries(location.searchParams), {
    client_id: 'shop',
    post_logout_redirect_uri: 'http://localhost:4200/',
    logout_hint: 'sid-1',
  })
  assert.deepEqual(issued.revoked, ['rt-1'])
  assert.equal((await ask('GET', '/api/orders', { ...own, cookie: session })).statusCode, 401)
  assert.deepEqual((await ask('POST', '/bff/logout', own)).json(), { location: '/' })
})

test('a new sign-in ends the session it replaces, also when that cookie does not reach the callback (session fixation)', async t => {
  const { ask, signIn, issued } = await openBff(t)
  const first = await signIn()
  const second = await signIn('', first.session)
  assert.notEqual(second.session, first.session)
  assert.deepEqual(issued.revoked, ['rt-1'])
  assert.equal((await ask('GET', '/bff/session', { ...own, cookie: first.session })).json().signed_in, false)
  assert.equal((await ask('GET', '/bff/session', { ...own, cookie: second.session })).json().signed_in, true)
})

test('sign-ins that were begun and left do not pile up: the sixth pushes the oldest out', async t => {
  const { ask, clock } = await openBff(t)
  const jar: string[] = []
  let expired: readonly string[] = []
  for (let count = 0; count < 6; count += 1) {
    clock.now += 1
    const answer = await ask('GET', '/bff/login', { cookie: jar.join('; ') })
    const lines = linesOf(answer.headers['set-cookie'])
    expired = lines.filter(line => /Max-Age=0/.test(line)).map(line => line.split('=')[0] ?? '')
    jar.push(pairOf(lines, 'login'))
  }
  assert.deepEqual(expired, [jar[0]?.split('=')[0]])
})

test('a refused callback is a kind page with a way on, and its reason is in the log', async t => {
  const { ask, warnings } = await openBff(t)
  const answer = await ask('GET', '/bff/callback?state=unknown&code=c', { accept: 'text/html' })
  assert.equal(answer.statusCode, 400)
  assert.match(answer.body, /You are not signed in.*Start again/s)
  assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/)
  assert.deepEqual(warnings, ['sign_in_refused'])
  assert.equal((await ask('GET', '/bff/callback?state=a&state=b')).statusCode, 400)
})

test('the page is served with a policy that forbids framing and outside scripts, and revalidates', async t => {
  const { ask } = await openBff(t)
  const page = await ask('GET', '/')
  assert.match(
    String(page.headers['content-security-policy']),
    /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/,
  )
  assert.match(String(page.headers['content-security-policy']), /connect-src 'self' http:\/\/localhost:4100;/)
  assert.equal((await ask('GET', '/', { 'if-none-match': '"e"' })).statusCode, 304)
})

test('an API that is down is 502, and the session stays', async t => {
  const { ask, signIn } = await openBff(t, { api: request => request.socket.destroy() })
  const { session } = await signIn()
  assert.equal((await ask('GET', '/api/orders', { ...own, cookie: session })).statusCode, 502)
  assert.equal((await ask('GET', '/bff/session', { ...own, cookie: session })).json().signed_in, true)
})

test('no query, cookie or path makes the back end fail: never a 500 (500 inputs)', async t => {
  const { ask } = await openBff(t)
  const text = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map(encodeURIComponent)
  const path = fc.constantFrom('/bff/login', '/bff/callback', '/bff/session', '/api/orders', '/api/orders/x')
  const name = fc.constantFrom('state', 'code', 'iss', 'error', 'return_to', 'scope', 'acr_values', 'max_age', 'prompt')
  const cookie = fc.stringMatching(/^[!-:<-~]{0,60}$/)
  const input = fc.tuple(path, fc.array(fc.tuple(name, text), { maxLength: 4 }), cookie)
  const never500 = async ([url, query, value]: [string, [string, string][], string]) => {
    const search = query.map(([key, each]) => `${key}=${each}`).join('&')
    const jar = `__Host-sp-bff=${value}; __Host-sp-bff-login-${value.slice(0, 12)}=${value}`
    const answer = await ask('GET', `${url}?${search}`, { ...own, cookie: jar })
    assert.ok(answer.statusCode < 500, `${url}?${search} ${answer.statusCode}`)
  }
  await fc.assert(fc.asyncProperty(input, never500), { numRuns: 500 })
})
