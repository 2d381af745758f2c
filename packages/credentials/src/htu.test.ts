import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalizeHtu } from './htu.ts'

const same = [
  ['https://API.Example/orders', 'https://api.example/orders', 'host in lower case (RFC 3986 §6.2.2.1)'],
  ['HTTPS://api.example/orders', 'https://api.example/orders', 'scheme in lower case (RFC 3986 §6.2.2.1)'],
  ['https://api.example:443/orders', 'https://api.example/orders', 'default port (RFC 3986 §6.2.3)'],
  ['http://api.example:80/', 'http://api.example/', 'default port of http (RFC 3986 §6.2.3)'],
  ['https://api.example', 'https://api.example/', 'empty path (RFC 3986 §6.2.3)'],
  ['https://api.example/orders?a=1', 'https://api.example/orders', 'query ignored (RFC 9449 §4.3)'],
  ['https://api.example/orders#a', 'https://api.example/orders', 'fragment ignored (RFC 9449 §4.3)'],
  ['https://api.example/%7Ealice', 'https://api.example/~alice', 'unreserved decoded (RFC 3986 §6.2.2.2)'],
  ['https://api.example/%41%2d', 'https://api.example/A-', 'unreserved decoded (RFC 3986 §6.2.2.2)'],
  ['https://api.example/a%2fb', 'https://api.example/a%2Fb', 'escapes in upper case (RFC 3986 §6.2.2.1)'],
  ['https://api.example/a/./b/../c', 'https://api.example/a/c', 'dot segments (RFC 3986 §6.2.2.3)'],
  ['http://[::1]:4000/token', 'http://[0:0:0:0:0:0:0:1]:4000/token', 'one address (RFC 5952)'],
] as const

for (const [one, two, why] of same) {
  test(`S40 ${one} and ${two} are one address: ${why}`, () => {
    assert.notEqual(normalizeHtu(one), undefined)
    assert.equal(normalizeHtu(one), normalizeHtu(two))
  })
}

test('S40 other addresses stay apart (RFC 9449 §4.3)', () => {
  const base = 'https://api.example/orders'
  for (const other of [
    'http://api.example/orders',
    'https://api.example:8443/orders',
    'https://api.example/orders/',
    'https://api.example/Orders',
    'https://api.example/orders/1',
    'https://api.example.evil/orders',
    'https://api.example//orders',
  ])
    assert.notEqual(normalizeHtu(other), normalizeHtu(base), other)
  assert.notEqual(normalizeHtu('https://a.example/a%2Fb'), normalizeHtu('https://a.example/a/b'))
})

test('what a lenient parser would mend is refused', () => {
  for (const bad of [
    '',
    '/orders',
    '//api.example/orders',
    'ftp://api.example/',
    'https:api.example/orders',
    'https:/api.example/orders',
    'https:\\\\api.example\\orders',
    'https://alice@api.example/',
    'https://alice:pw@api.example/',
    'https://api.example/or ders',
    'https://api.example/or\tders',
    'https://api.example/\u00e9',
    'https://api.example/%zz',
    'https://api.example/%4',
    'https://api.example:99999/',
    `https://api.example/${'a'.repeat(5000)}`,
  ])
    assert.equal(normalizeHtu(bad), undefined, bad)
})

test('normalising twice changes nothing, and no text makes it throw', () => {
  const uris = fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(uris, uri => {
      const once = normalizeHtu(uri)
      if (once !== undefined) assert.equal(normalizeHtu(once), once)
    }),
  )
})

test('an address that is written the one way already comes back as a parser would give it (RFC 3986 §6.2)', () => {
  const label = fc.stringMatching(/^[a-z0-9-]{1,6}$/)
  const host = fc.array(label, { minLength: 1, maxLength: 3 }).map(labels => labels.join('.'))
  const port = fc.oneof(fc.constant(''), fc.constantFrom(':80', ':443', ':8080', ':4430', ':0', ':080', ':65536'))
  const path = fc.stringMatching(/^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@-]{0,5}){1,4}$/)
  fc.assert(
    fc.property(fc.constantFrom('http', 'https'), host, port, path, (scheme, name, at, rest) => {
      const uri = `${scheme}://${name}${at}${rest}`
      const url = URL.parse(uri)
      assert.equal(normalizeHtu(uri), url === null ? undefined : `${url.protocol}//${url.host}${url.pathname}`)
    }),
    { numRuns: 20_000 },
  )
})
