import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headersForCaller, headersForService } from './forwarded-headers.ts'

test('hop-by-hop headers stay, with those that Connection names (RFC 9110 §7.6.1)', () => {
  const raw = ['Connection', 'close, X-Hop', 'X-Hop', '1', 'TE', 'trailers', 'Upgrade', 'h2c', 'X-Kept', '2']
  assert.deepEqual(headersForService(raw), ['x-kept', '2'])
})

for (const name of [
  'Authorization',
  'DPoP',
  'Cookie',
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Client-Cert',
  'X-Real-IP',
  'X-Sallyport-Subject',
  'X-HTTP-Method-Override',
  'X-Original-URL',
  'X_Forwarded_For',
  'X-Request-Id',
]) {
  test(`${name} from outside never goes inside`, () => {
    assert.deepEqual(headersForService([name, 'spoofed', name.toUpperCase(), 'spoofed']), [])
  })
}

for (const name of [
  'Client-Cert',
  'Client-Cert-Chain',
  'X-SSL-Client-Cert',
  'SSL-Client-Verify',
  'X-Client-Cert',
  'X-Amzn-Mtls-Clientcert',
]) {
  test(`S49 the client certificate header ${name} from outside is stripped (RFC 9700 §4.13)`, () => {
    assert.deepEqual(headersForService([name, ':MIIB:']), [])
  })
}

test('a Connection header cannot take away what the service needs to read the body', () => {
  assert.deepEqual(headersForService(['Connection', 'content-type', 'Content-Type', 'application/json']), [
    'content-type',
    'application/json',
  ])
})

test('cookies, CORS and connection headers of the service stay inside', () => {
  const service = {
    'set-cookie': ['a=b'],
    connection: 'x-inner',
    'x-inner': '1',
    'access-control-allow-origin': '*',
    server: 'x',
    'x-request-id': 'of-the-service',
    link: ['<a>', '<b>'],
    'content-type': 'application/json',
  }
  const expected = ['link', '<a>', 'link', '<b>', 'content-type', 'application/json']
  assert.deepEqual(headersForCaller(service, {}), expected)
})

test('the gateway’s own headers hold over the service’s, and an answer varies by what both say (RFC 9110 §12.5.5)', () => {
  const service = { 'cache-control': 'max-age=60', 'dpop-nonce': 'n', vary: ['Accept', 'Accept-Language'] }
  const own = { vary: 'Origin', 'dpop-nonce': 'ours' }
  assert.deepEqual(pairs(headersForCaller(service, own)), [
    ['cache-control', 'max-age=60'],
    ['vary', 'Accept, Accept-Language, Origin'],
    ['dpop-nonce', 'ours'],
  ])
})

const odd = fc.constantFrom(
  'Connection',
  'Keep-Alive',
  'TE',
  'Host',
  'Authorization',
  'Cookie',
  'X-Forwarded-For',
  'X-Sallyport-Subject',
  'X_Real_IP',
  'X-Request-Id',
  'Content-Length',
  'Set-Cookie',
  'Access-Control-Allow-Origin',
  'RateLimit',
  'Vary',
  'Content-Type',
  'Accept',
  'X-A',
  'X-B',
  '__proto__',
  'constructor',
)
const cased = fc.tuple(odd, fc.boolean(), fc.boolean()).map(([name, lower, upper]) => {
  return lower ? name.toLowerCase() : upper ? name.toUpperCase() : name
})
const value = fc.oneof(fc.constantFrom('close', 'keep-alive', 'X-A, x-b', 'content-type', 'close,X-A'), fc.string())
const lines = fc.array(fc.tuple(cased, value), { maxLength: 12 })

test('whatever a caller sends, what goes inside is named by neither rule nor Connection, in order and unchanged (RFC 9110 §7.6.1)', () => {
  fc.assert(
    fc.property(lines, sent => {
      const inside = pairs(headersForService(sent.flat()))
      const named = connectionOf(sent)
      const expected = sent
        .map(([name, text]) => [name.toLowerCase(), text] as const)
        .filter(([name]) => !staysOutside.has(name) && !name.includes('_') && !named.has(name))
      assert.deepEqual(inside, expected)
    }),
    { numRuns: 20_000 },
  )
})

test('whatever a service answers, what goes outside has each of the gateway’s own headers once and none that stays inside', () => {
  fc.assert(
    fc.property(lines, lines, (said, ours) => {
      const service: Record<string, string | string[]> = {}
      for (const [name, text] of said) {
        const lower = name.toLowerCase()
        if (lower === '__proto__') continue
        const before = Object.hasOwn(service, lower) ? [service[lower] ?? ''].flat() : []
        service[lower] = before.length === 0 ? text : [...before, text]
      }
      const own = Object.fromEntries(ours.map(([name, text]) => [name.toLowerCase(), text]))
      const outside = pairs(headersForCaller(service, own))
      const named = connectionOf(said)
      for (const [name, text] of Object.entries(own)) {
        const lines = outside.filter(([each]) => each === name)
        assert.equal(lines.length, 1, name)
        if (name !== 'vary') assert.equal(lines[0]?.[1], text)
        else assert.ok(lines[0]?.[1]?.endsWith(text))
      }
      for (const [name] of outside) {
        if (Object.hasOwn(own, name)) continue
        assert.ok(!staysInside.test(name), name)
        assert.ok(!named.has(name), name)
      }
    }),
    { numRuns: 20_000 },
  )
})

const staysOutside = new Set(
  'connection keep-alive te host authorization cookie x-forwarded-for x-sallyport-subject x-request-id content-length'.split(
    ' ',
  ),
)
const staysInside =
  /^(?:connection|keep-alive|te|set-cookie|access-control-.*|x-sallyport-.*|ratelimit.*|x-request-id)$/

function connectionOf(sent: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const named = sent
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, text]) => text.split(',').map(part => part.trim().toLowerCase()))
  return new Set(named.filter(name => name !== 'content-type' && name !== 'accept'))
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : []))
}
