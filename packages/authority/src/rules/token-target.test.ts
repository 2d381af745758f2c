import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHarness } from '../testing/authority-harness.ts'
import { isTokenError } from '../token-error.ts'
import { tokenTarget } from './token-target.ts'

const gateway = 'http://localhost:4100/orders'
const orders = 'http://localhost:4300'
const granted = { scope: ['openid', 'read:orders', 'write:orders'], resources: [gateway, orders] }

test('an access token is for one of the granted resources, the first by default (RFC 8707 §2.2)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const { webApp } = harness.clients
  const pick = async (resources: string[], scope?: string, of = granted, client = webApp) => {
    const target = await tokenTarget(client, of, { resources, scope }, harness.context)
    return isTokenError(target)
      ? `${target.error} ${target.reason}`
      : [target.resource?.resource, target.scope.join(' ')]
  }
  assert.deepEqual(await pick([]), [gateway, 'openid read:orders write:orders'])
  assert.deepEqual(await pick([orders], 'read:orders'), [orders, 'read:orders'])
  assert.deepEqual(await pick([], undefined, { scope: ['openid'], resources: [] }), [undefined, 'openid'])
  assert.equal(await pick([gateway, orders]), 'invalid_target one_resource_a_token')
  assert.equal(await pick([`${gateway}/`]), 'invalid_target resource_not_granted')
  assert.equal(
    await pick([orders], undefined, { ...granted, resources: [gateway] }),
    'invalid_target resource_not_granted',
  )
  const lost = { ...webApp, resources: [orders] }
  assert.equal(await pick([gateway], undefined, granted, lost), 'invalid_target resource_lost')
})

test('S30 a wider scope than the grant is invalid_scope (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const target = await tokenTarget(
    harness.clients.webApp,
    { scope: ['openid', 'read:orders'], resources: [gateway] },
    { resources: [], scope: 'read:orders write:orders' },
    harness.context,
  )
  assert.equal(isTokenError(target) && target.error, 'invalid_scope')
})

test('S31 a scope that the client lost since ends the refresh (OAuth 2.1 §4.3.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const client = { ...harness.clients.webApp, scopes: ['openid', 'read:orders'] }
  const implicit = await tokenTarget(client, granted, { resources: [], scope: undefined }, harness.context)
  assert.equal(isTokenError(implicit) && implicit.error, 'invalid_grant')
  const named = await tokenTarget(client, granted, { resources: [], scope: 'write:orders' }, harness.context)
  assert.equal(isTokenError(named) && named.error, 'invalid_scope')
  const kept = await tokenTarget(client, granted, { resources: [], scope: 'read:orders' }, harness.context)
  assert.equal(isTokenError(kept), false)
})

test('a scope that was granted as part of a broader one stays with it (STANDARDS S63)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const client = { ...harness.clients.webApp, scopes: ['write:orders'] }
  const of = { scope: ['write:orders', 'read:orders'], resources: [gateway] }
  const target = await tokenTarget(client, of, { resources: [], scope: undefined }, harness.context)
  assert.deepEqual(!isTokenError(target) && target.scope, of.scope)
})
