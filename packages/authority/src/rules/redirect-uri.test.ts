import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Client } from '../client.ts'
import { judgeRedirectTarget, judgeRedirectUri } from './redirect-uri.ts'

const issuer = 'https://auth.example'
const registered = 'https://shop.example/cb?from=here'
const client = (redirect_uris: readonly string[], application_type: Client['application_type'] = 'web') => ({
  redirect_uris,
  application_type,
})
const reason = (judged: object): unknown => ('refused' in judged ? judged.refused : 'fine')

test('S5 the registered URI is accepted byte for byte (OAuth 2.1 §2.3.1, RFC 9700 §4.1.3)', () => {
  assert.deepEqual(judgeRedirectUri(registered, client([registered]), issuer, true), { redirectUri: registered })
})

test('S5 every difference fails: case, slash, query, path, port, user info, encoding, white space (RFC 9700 §4.1.3)', () => {
  const others = [
    'https://shop.example/cb',
    'https://shop.example/cb?from=here&',
    'https://shop.example/cb/?from=here',
    'https://SHOP.example/cb?from=here',
    'https://shop.example:443/cb?from=here',
    'https://shop.example/%63b?from=here',
    'https://a@shop.example/cb?from=here',
    'https://shop.example.evil.example/cb?from=here',
    'https://shop.example/cb?from=here#',
    ' https://shop.example/cb?from=here',
    'http://shop.example/cb?from=here',
    '',
  ]
  for (const sent of others)
    assert.equal(reason(judgeRedirectUri(sent, client([registered]), issuer, true)), 'redirect_mismatch', sent)
})

test('S5 whatever is not registered is refused, and the nearest registered one is named for the log', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), fc.string()), sent => {
      fc.pre(sent !== registered)
      assert.equal(reason(judgeRedirectUri(sent, client([registered]), issuer, true)), 'redirect_mismatch')
    }),
  )
  const judged = judgeRedirectUri(
    'https://shop.example/bc',
    client(['https://other.example/', registered]),
    issuer,
    true,
  )
  assert.equal('expected' in judged && judged.expected, registered)
})

test('S5 only the port of a loopback IP address may differ, and only for a native app (OAuth 2.1 §8.4.2)', () => {
  const native = client(['http://127.0.0.1/cb', 'http://[::1]:9/cb', 'http://localhost/cb'], 'native')
  for (const sent of ['http://127.0.0.1:51004/cb', 'http://127.0.0.1/cb', 'http://[::1]:40000/cb'])
    assert.equal(reason(judgeRedirectUri(sent, native, issuer, true)), 'fine', sent)
  for (const sent of [
    'http://localhost:51004/cb',
    'http://127.0.0.1:51004/cb/',
    'http://127.0.0.1:51004/cb?x=1',
    'http://127.0.0.1:0/cb',
    'http://127.0.0.1:70000/cb',
    'http://127.0.0.2:51004/cb',
    'https://127.0.0.1:51004/cb',
    'http://127.0.0.1:80@evil.example/cb',
  ])
    assert.notEqual(reason(judgeRedirectUri(sent, native, issuer, true)), 'fine', sent)
  const web = client(['http://127.0.0.1/cb'])
  assert.equal(
    reason(judgeRedirectUri('http://127.0.0.1:51004/cb', web, 'http://localhost:4000', true)),
    'redirect_mismatch',
  )
})

test('S12 http is for loopback only: of native apps, or of any client while the issuer is loopback http (RFC 9700 §2.6, DECISIONS)', () => {
  assert.equal(
    reason(judgeRedirectUri('http://shop.example/cb', client(['http://shop.example/cb']), issuer, true)),
    'redirect_insecure',
  )
  assert.equal(
    reason(judgeRedirectUri('http://localhost:4200/cb', client(['http://localhost:4200/cb']), issuer, true)),
    'redirect_insecure',
  )
  assert.equal(
    reason(
      judgeRedirectUri('http://localhost:4200/cb', client(['http://localhost:4200/cb']), 'http://localhost:4000', true),
    ),
    'fine',
  )
  assert.equal(
    reason(judgeRedirectUri('http://localhost:4200/cb', client(['http://localhost:4200/cb'], 'native'), issuer, true)),
    'fine',
  )
})

test('a redirect URI with a fragment, user info, a wildcard or another scheme cannot be registered (OAuth 2.1 §2.3)', () => {
  for (const uri of [
    'https://a.example/#x',
    'https://u:p@a.example/',
    'https://*.a.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    '/cb',
    'com.example.app:/cb',
    'https://a.example/\\b',
  ])
    assert.ok(judgeRedirectTarget(uri, 'native', issuer), uri)
  assert.equal(judgeRedirectTarget('https://a.example/cb', 'web', issuer), undefined)
})

test('it may be left out when one is registered, but not with OpenID Connect (OAuth 2.1 §4.1.1, Core §3.1.2.1)', () => {
  assert.deepEqual(judgeRedirectUri(undefined, client([registered]), issuer, false), { redirectUri: registered })
  assert.equal(reason(judgeRedirectUri(undefined, client([registered]), issuer, true)), 'redirect_missing')
  assert.equal(
    reason(judgeRedirectUri(undefined, client([registered, 'https://b.example/']), issuer, false)),
    'redirect_missing',
  )
  assert.equal(reason(judgeRedirectUri(undefined, client([]), issuer, false)), 'redirect_missing')
})
