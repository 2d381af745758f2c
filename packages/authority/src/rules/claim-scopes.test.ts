import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimScopes } from './claim-scopes.ts'

const client = { scopes: ['openid', 'email', 'read:orders'] }

test('a claim asked for by name is asked for as its scope (OpenID Connect Core §5.4, §3.1.2.4)', () => {
  const claims = { userinfo: ['email', 'email_verified'], id_token: ['acr'] }
  assert.deepEqual(claimScopes('openid read:orders', claims, client), { scope: 'openid read:orders email', claims })
})

test('a claim whose scope the client may not ask for is left out (OpenID Connect Core §5.5.1)', () => {
  const claims = { userinfo: ['name', 'email'], id_token: ['name'] }
  assert.deepEqual(claimScopes('openid', claims, client), { scope: 'openid email', claims: { userinfo: ['email'] } })
})

test('without claims, or without openid, the scope stays as it was sent (OpenID Connect Core §3.1.2.1)', () => {
  assert.deepEqual(claimScopes('openid', undefined, client), { scope: 'openid' })
  assert.equal(claimScopes('read:orders', { userinfo: ['email'] }, client).scope, 'read:orders')
  assert.equal(claimScopes(undefined, { userinfo: ['email'] }, client).scope, undefined)
})
