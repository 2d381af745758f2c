import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  const kept = headersForCaller({
    'set-cookie': ['a=b'],
    connection: 'x-inner',
    'x-inner': '1',
    'access-control-allow-origin': '*',
    server: 'x',
    link: ['<a>', '<b>'],
    'content-type': 'application/json',
  })
  assert.deepEqual(kept, { link: ['<a>', '<b>'], 'content-type': 'application/json' })
})
