import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuthorityHarness, openHarness } from '../testing/authority-harness.ts'
import { isTokenError } from '../token-error.ts'
import { resolveScopes, scopeTokens, withImplied } from './scope.ts'

const gateway = 'http://localhost:4100/orders'
const orders = 'http://localhost:4300'

const resolve = (harness: AuthorityHarness, scope: string | undefined, resources: string[] = [], user = true) =>
  resolveScopes(harness.context, { client: harness.clients.webApp, scope, resources, user })

test('scopes and resources are resolved as asked (RFC 6749 §3.3, RFC 8707 §2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const both = await resolve(harness, 'openid read:orders openid', [gateway, orders, orders])
  assert.ok(!isTokenError(both))
  assert.deepEqual(both.scope, ['openid', 'read:orders'])
  assert.deepEqual(both.byResource, { '': ['openid'], [gateway]: ['read:orders'], [orders]: ['read:orders'] })
  const first = await resolve(harness, 'read:orders')
  assert.deepEqual(
    !isTokenError(first) && first.resources.map(each => each.resource),
    [gateway],
    'the first is the default',
  )
  const onlyUser = await resolve(harness, 'openid profile')
  assert.deepEqual(!isTokenError(onlyUser) && onlyUser.resources, [], 'for userinfo alone')
  const everything = await resolve(harness, undefined)
  assert.deepEqual(!isTokenError(everything) && everything.scope, ['read:orders', 'write:orders'])
})

test('a broader scope contains the narrower ones it implies (STANDARDS S63)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const resolved = await resolve(harness, 'write:orders')
  assert.deepEqual(!isTokenError(resolved) && resolved.scope, ['write:orders', 'read:orders'])
  const chain = {
    ...harness.resources.orders,
    scopes: [
      { scope: 'a', description: '', implies: ['b'] },
      { scope: 'b', description: '', implies: ['c', 'a'] },
      { scope: 'c', description: '' },
    ],
  }
  assert.deepEqual(withImplied(['a'], [chain]), ['a', 'b', 'c'], 'through others, and in circles')
})

test('S74 an unknown scope is invalid_scope with the nearest right name (RFC 6749 §3.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const misspelt = await resolve(harness, 'openid wirte:orders', [gateway])
  assert.ok(isTokenError(misspelt))
  assert.equal(misspelt.error, 'invalid_scope')
  assert.match(misspelt.hint, /Did you mean write:orders\?/)
  const unlisted = await resolveScopes(harness.context, {
    client: harness.clients.nightly,
    scope: 'read:orders write:orders',
    resources: [],
    user: false,
  })
  assert.equal(isTokenError(unlisted) && unlisted.reason, 'scope_not_allowed')
  const aboutUser = await resolve(harness, 'openid', [], false)
  assert.equal(isTokenError(aboutUser) && aboutUser.reason, 'scope_needs_user')
})

test('S74 an unknown or unlisted resource is invalid_target with the nearest right name (RFC 8707 §2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  for (const wrong of [`${gateway}/`, 'https://elsewhere.example', 'not a uri', `${gateway}#x`, '\u0000']) {
    const refused = await resolve(harness, 'read:orders', [wrong])
    assert.equal(isTokenError(refused) && refused.error, 'invalid_target', wrong)
  }
  const slash = await resolve(harness, 'read:orders', [`${gateway}/`])
  assert.match(isTokenError(slash) ? slash.hint : '', /Did you mean http:\/\/localhost:4100\/orders\?/)
})

test('scope names have the characters of RFC 6749 §3.3', () => {
  assert.deepEqual(scopeTokens('a b  a'), ['a', 'b'])
  for (const bad of ['a"b', 'a\\b', 'ü', ' ', 'x\ty', 'n'.repeat(257)]) assert.ok('error' in scopeTokens(bad), bad)
})
