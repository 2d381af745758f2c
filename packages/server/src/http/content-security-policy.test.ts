import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentSecurityPolicy } from './content-security-policy.ts'

test('S11 a page without wishes runs no script and cannot be framed (RFC 9700 §4.16)', () => {
  assert.equal(
    contentSecurityPolicy(),
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  )
})

test('the origin of a validated redirect is allowed for forms, also a private-use scheme (CSP 3 §6.4.1)', () => {
  const policy = contentSecurityPolicy({
    formAction: ['http://localhost:4200', 'https://[::1]:8443', 'com.example.app:'],
  })
  assert.match(policy, /form-action 'self' http:\/\/localhost:4200 https:\/\/\[::1\]:8443 com\.example\.app:;/)
})

test('a script is allowed by its hash and may then connect to our own host', () => {
  const policy = contentSecurityPolicy({ script: ["'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"] })
  assert.match(policy, /script-src 'sha256-47DEQ/)
  assert.match(policy, /connect-src 'self'/)
})

test('nothing can be smuggled in as a source', () => {
  for (const source of [
    "https://a; script-src 'unsafe-inline'",
    "'unsafe-inline'",
    '*',
    'https://a b',
    'javascript:',
    'https://a/path',
    '',
  ]) {
    assert.throws(() => contentSecurityPolicy({ formAction: [source] }), RangeError, source)
  }
})
