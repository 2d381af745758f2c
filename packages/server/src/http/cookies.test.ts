import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expireHostCookie, parseCookies, readCookie, serializeHostCookie } from './cookies.ts'

test('what is set comes back, whatever else the browser sends (RFC 6265bis §5.7)', () => {
  const octets = fc.string({ unit: fc.constantFrom(...'!#$%&()*+-./09:<=>?@AZ[]^_`az{|}~'), maxLength: 100 })
  fc.assert(
    fc.property(
      octets,
      fc.string({ maxLength: 30 }).filter(noise => !noise.includes('__Host-')),
      (value, noise) => {
        const pair = serializeHostCookie('__Host-sp-bff', value, { sameSite: 'Strict' }).split(';')[0]
        assert.equal(readCookie(`${noise.replaceAll(';', '')}; ${pair}`, '__Host-sp-bff'), value)
      },
    ),
    { numRuns: 2000 },
  )
})

test('no header makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), header => {
      for (const [name, value] of parseCookies(header)) assert.ok(!/[;\s]/.test(name + value))
    }),
    { numRuns: 5000 },
  )
})

test('S68 the cookie is Secure, HttpOnly, of the whole host and of no domain (RFC 6265bis §4.1.3.2)', () => {
  const line = serializeHostCookie('__Host-sp-bff', 'abc', { sameSite: 'Strict', maxAgeSeconds: 600 })
  assert.equal(line, '__Host-sp-bff=abc; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600')
  assert.equal(
    expireHostCookie('__Host-sp-bff', 'Lax'),
    '__Host-sp-bff=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0',
  )
})

test('a cookie that stands twice is not chosen from, nor one whose header is over the limit', () => {
  assert.equal(readCookie('__Host-a=1; __Host-a=2', '__Host-a'), undefined)
  assert.equal(readCookie('__Host-a=1; __Host-a=1', '__Host-a'), undefined)
  assert.equal(readCookie(`__Host-a=1; b=${'x'.repeat(16_384)}`, '__Host-a'), undefined)
  assert.equal(readCookie('__host-a=1', '__Host-a'), undefined)
  assert.equal(readCookie(undefined, '__Host-a'), undefined)
})

test('a value that would break out of its cookie is never set', () => {
  for (const value of ['a;b', 'a b', 'a\r\nb', 'a"b', 'ä', 'x'.repeat(5000)]) {
    assert.throws(() => serializeHostCookie('__Host-a', value, { sameSite: 'Lax' }), RangeError)
  }
  assert.throws(() => serializeHostCookie('__Host-a b', 'x', { sameSite: 'Lax' }), RangeError)
  assert.throws(() => serializeHostCookie('__Host-a', 'x', { sameSite: 'Lax', maxAgeSeconds: 1.5 }), RangeError)
})
