import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceMetadata, resourceMetadataPath } from './resource-metadata.ts'

test('the well-known word goes between host and path (RFC 9728 §3.1)', () => {
  assert.equal(resourceMetadataPath('https://api.test'), '/.well-known/oauth-protected-resource')
  assert.equal(resourceMetadataPath('https://api.test/'), '/.well-known/oauth-protected-resource')
  assert.equal(resourceMetadataPath('https://api.test/orders'), '/.well-known/oauth-protected-resource/orders')
})

test('S55 S66 empty lists and offline_access are left out (RFC 9728 §3.2)', () => {
  const facts = {
    resource: 'https://api.test',
    issuer: 'https://issuer.test',
    dpopAlgorithms: ['ES256'],
    dpopRequired: false,
  }
  assert.ok(!('scopes_supported' in resourceMetadata({ ...facts, scopes: ['offline_access'] })))
  assert.deepEqual(resourceMetadata({ ...facts, scopes: ['b', 'a'] }).scopes_supported, ['a', 'b'])
  assert.equal(resourceMetadata({ ...facts, scopes: [], dpopRequired: true }).dpop_bound_access_tokens_required, true)
})
