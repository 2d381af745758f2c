import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bobsPassword, openFront, parameters } from '../testing/front-harness.ts'
import { formOf } from '../testing/test-browser.ts'

const runs = Number(process.env.SALLYPORT_PROPERTY_RUNS ?? 300)

/** The browser's redirects may lead to our own pages and to registered URIs, whatever was asked. */
function judge(
  answer: { readonly status: number; readonly location: string | undefined; readonly body: string },
  registered: readonly string[],
): void {
  assert.ok(answer.status < 500, `${answer.status} ${answer.body.slice(0, 200)}`)
  assert.doesNotMatch(answer.body, /\bat .*\.ts:\d+/)
  if (answer.location === undefined) return
  const target = new URL(answer.location)
  const own = target.origin === 'http://localhost:4000'
  assert.ok(own || registered.includes(target.origin + target.pathname), `redirected to ${answer.location}`)
}

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '',
    'none',
    'null',
    '\r\nSet-Cookie: a=b',
    '<script>',
    '{}',
    '[1]',
    'https://evil.example/',
    '//evil.example',
    'javascript:alert(1)',
    'http://localhost:4200/cb/',
    'http://localhost:4200/cb#x',
    'x'.repeat(5000),
    '\u0000',
    '__proto__',
    'constructor',
  ),
  fc.webUrl(),
)
const names = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'prompt',
  'max_age',
  'acr_values',
  'login_hint',
  'id_token_hint',
  'claims',
  'resource',
  'dpop_jkt',
  'request',
  'request_uri',
  'ui_locales',
  'toString',
  'x',
]

test('authorization: whatever is sent, never a 5xx and never a redirect to an unregistered URI (OAuth 2.1 §4.1.2.1)', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  const good = parameters(front.clients.webApp, {})
  const changes = fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 4 })
  await fc.assert(
    fc.asyncProperty(
      changes,
      fc.boolean(),
      fc.subarray(Object.keys(good), { minLength: 4 }),
      async (changed, post, kept) => {
        const fields = { ...Object.fromEntries(kept.map(name => [name, good[name] ?? ''])), ...changed }
        const answer = post
          ? await browser.post('/authorize', fields)
          : await browser.get(`/authorize?${new URLSearchParams(fields)}`)
        judge(answer, ['http://localhost:4200/cb'])
      },
    ),
    { numRuns: runs },
  )
})

test('authorization: raw queries and bodies of any bytes and media type, never a 5xx', async t => {
  const front = await openFront(t)
  const types = fc.constantFrom(
    'application/x-www-form-urlencoded',
    'application/json',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded; charset=latin1',
    'text/plain',
    '',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      types,
      fc.constantFrom(
        '/authorize',
        '/sign-in',
        '/consent',
        '/logout',
        '/set-up',
        '/account/password',
        '/sign-in/passkey',
      ),
      async (bytes, type, path) => {
        const response = await front.app.inject({
          method: 'POST',
          url: path,
          payload: Buffer.from(bytes),
          headers: { host: 'localhost:4000', 'content-type': type },
        })
        judge({ status: response.statusCode, location: undefined, body: response.body }, [])
        const query = Buffer.from(bytes)
          .toString('latin1')
          .replace(/[^\x21-\x7e]/g, '%')
        const read = await front.app.inject({
          method: 'GET',
          url: `${path}?${query.replaceAll('#', '')}`,
          headers: { host: 'localhost:4000' },
        })
        assert.ok(read.statusCode < 500, read.body)
      },
    ),
    { numRuns: runs },
  )
})

test('every form of the front channel: any field values, never a 5xx and never a redirect elsewhere', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  await browser.submit(await browser.open('/account'), '/sign-in', { username: 'bob', password: bobsPassword })
  const token = formOf((await browser.open('/account')).body, '/logout').fields.form_token ?? ''
  const login = async (): Promise<string> =>
    new URL((await browser.get(front.authorizePath())).location ?? '').searchParams.get('login') ?? ''
  const paths = [
    '/sign-in',
    '/sign-in/recovery',
    '/sign-in/passkey',
    '/sign-in/passkey/options',
    '/sign-in/select',
    '/sign-in/without-passkey',
    '/sign-in/switch',
    '/consent',
    '/account/sessions/end',
    '/account/apps/remove',
    '/account/passkeys',
    '/account/passkeys/options',
    '/account/passkeys/remove',
    '/account/password',
    '/set-up',
    '/set-up/password',
    '/set-up/passkey',
    '/set-up/passkey/options',
  ]
  const fields = fc.dictionary(
    fc.constantFrom(
      'username',
      'password',
      'current',
      'code',
      'credential',
      'name',
      'session',
      'client_id',
      'passkey',
      'answer',
      'login',
      'form_token',
    ),
    odd,
    { maxKeys: 5 },
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fields, fc.boolean(), async (path, sent, real) => {
      judge(await browser.post(path, { form_token: token, ...(real && { login: await login() }), ...sent }), [
        'http://localhost:4200/cb',
      ])
    }),
    { numRuns: runs },
  )
})

test('pages by address: any login id and path, never a 5xx', async t => {
  const front = await openFront(t)
  const browser = front.browser()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '/sign-in',
        '/sign-in/recovery',
        '/consent',
        '/account',
        '/account/passkeys/new',
        '/set-up',
        '/logout',
        '/',
      ),
      odd,
      async (path, value) => {
        judge(
          await browser.get(
            `${path}?${new URLSearchParams({ login: value, done: value, post_logout_redirect_uri: value })}`,
          ),
          [],
        )
      },
    ),
    { numRuns: runs },
  )
})
