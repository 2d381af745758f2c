import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type BackChannel, formType, openBackChannel, type Received } from '../testing/back-channel-listener.ts'
import { signedIn } from '../testing/token-flow.ts'
import { basic } from '../testing/token-requests.ts'

/** Inputs an endpoint: a few in `npm test`, thousands in CI, where SALLYPORT_INPUTS is what all endpoints get together. */
const inputs = Math.max(300, Math.ceil(Number(process.env.SALLYPORT_INPUTS ?? 0) / 50))

const names = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'code',
  'code_verifier',
  'redirect_uri',
  'refresh_token',
  'scope',
  'resource',
  'token',
  'token_type_hint',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'actor_token',
  'audience',
]

/** Values that reach far: real ids and tokens, nearly right ones, and anything at all. */
const sentValue = (known: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom(...known).chain(text => fc.nat(Math.max(0, text.length - 1)).map(at => text.slice(0, at))),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('', '\u0000', '%', 'a'.repeat(5000), '__proto__', 'constructor', '[object Object]', '\ud800'),
  )

async function knownValues({ harness }: BackChannel): Promise<readonly string[]> {
  const tokens = await signedIn(harness, harness.clients.webApp)
  const jwt = await signedIn(harness, harness.clients.webApp, { granted: ['http://localhost:4300'] })
  const { code, verifier } = await harness.mintCode()
  return [
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:token-type:access_token',
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    ...Object.keys(harness.secrets),
    ...Object.values(harness.secrets),
    'spa',
    'gateway',
    'openid read:orders',
    'http://localhost:4300',
    code,
    verifier,
    tokens.access_token,
    tokens.refresh_token ?? '',
    tokens.id_token ?? '',
    jwt.access_token,
  ]
}

function judge(answer: Received): void {
  assert.ok(answer.status < 500, `${answer.status} ${answer.text}`)
  assert.ok(answer.status >= 200)
  if (answer.text === '') return
  assert.match(String(answer.headers['content-type']), /^application\/json/)
  assert.doesNotMatch(answer.text, /\bat .*\.ts:\d|node:internal/, 'no stack trace')
  if (answer.status >= 400) assert.match(String(answer.json().error), /^[a-z_]+$/)
}

async function throwAt(t: TestContext, path: string): Promise<void> {
  const channel = await openBackChannel(t)
  const { harness, send } = channel
  const known = await knownValues(channel)
  const form = fc
    .array(fc.tuple(fc.constantFrom(...names), sentValue(known)), { maxLength: 8 })
    .map(pairs => pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&'))
  const body = fc.oneof(
    { weight: 6, arbitrary: form.map(text => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 200 }).map(text => Buffer.from(text)) },
  )
  const header = fc.oneof(
    fc.constant(undefined),
    fc.constant(basic('web-app', harness.secrets['web-app'] ?? '')),
    fc.constant(basic('nobody', '%')),
    fc.base64String().map(text => `Basic ${text}`),
    fc.constantFrom('Basic', 'Bearer x', 'DPoP x', 'Basic  ', 'Negotiate abc='),
  )
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constant(formType) },
    { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json', 'x') },
  )
  const proof = fc.option(fc.oneof(fc.base64String(), fc.constantFrom('a.b.c', 'e30.e30.e30', ',')), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(body, header, type, proof, async (sent, authorization, contentType, dpop) => {
      const headers = {
        'content-type': contentType,
        ...(authorization === undefined ? {} : { authorization }),
        ...(dpop === undefined ? {} : { dpop }),
      }
      judge(await send({ method: 'POST', url: path, headers, body: sent }))
    }),
    { numRuns: inputs },
  )
  assert.equal(
    harness.log.some(line => line.level === 'error'),
    false,
  )
}

for (const path of ['/token', '/introspect', '/revoke'])
  test(`whatever is sent to ${path}, the answer is the standard's JSON and never a server error (RFC 6749 §5.2)`, t =>
    throwAt(t, path))

test('whatever is sent to /userinfo, the answer is never a server error (RFC 6750 §3)', async t => {
  const channel = await openBackChannel(t)
  const known = await knownValues(channel)
  const printable = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    maxLength: 60,
  })
  const value = fc.oneof(
    printable,
    fc
      .tuple(fc.constantFrom('Bearer', 'DPoP', 'bearer', 'Basic'), fc.oneof(printable, fc.constantFrom(...known)))
      .map(pair => pair.join(' ')),
  )
  await fc.assert(
    fc.asyncProperty(
      value,
      fc.option(printable),
      fc.constantFrom('GET', 'POST'),
      async (authorization, dpop, method) => {
        const headers = { authorization, ...(dpop === null ? {} : { dpop }) }
        judge(await channel.send({ method: method === 'GET' ? 'GET' : 'POST', url: '/userinfo', headers }))
      },
    ),
    { numRuns: inputs },
  )
})
