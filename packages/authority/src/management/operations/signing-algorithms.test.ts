import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openManagementApi } from '../../testing/management-api.ts'

test('the key that a resource’s tokens are signed with is published when the resource is registered or changed, before it signs', async t => {
  const { call, harness } = await openManagementApi(t)
  const algorithms = () => harness.context.keys.ring().keys.map(({ key }) => key.algorithm)
  const resource = 'https://api.example/things'
  const body = {
    resource,
    name: 'Things',
    signing_alg: 'PS256',
    scopes: [{ scope: 'read:things', description: 'See' }],
  }
  const { status, headers } = await call('POST', '/resources', { body })
  assert.equal(status, 201)
  assert.deepEqual(algorithms(), ['ES256', 'PS256'])
  const changed = await call('PATCH', `/resources/${encodeURIComponent(resource)}`, {
    body: { signing_alg: 'EdDSA' },
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': String(headers.etag) },
  })
  assert.equal(changed.status, 200)
  assert.deepEqual(algorithms(), ['ES256', 'PS256', 'EdDSA'])
})

test('a client chooses the algorithm of its ID tokens, and its key is published with that (OpenID Connect Registration §2)', async t => {
  const { call, harness } = await openManagementApi(t)
  const algorithms = () => harness.context.keys.ring().keys.map(({ key }) => key.algorithm)
  const asked = { client_name: 'Web', grant_types: ['authorization_code'], redirect_uris: ['https://app.example/cb'] }
  const { status, headers, body } = await call('POST', '/clients', {
    body: { ...asked, id_token_signed_response_alg: 'RS256' },
  })
  assert.deepEqual([status, body.id_token_signed_response_alg], [201, 'RS256'])
  assert.deepEqual(algorithms(), ['ES256', 'RS256'])
  const changed = await call('PATCH', `/clients/${body.client_id}`, {
    body: { id_token_signed_response_alg: 'EdDSA' },
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': String(headers.etag) },
  })
  assert.deepEqual([changed.status, changed.body.id_token_signed_response_alg], [200, 'EdDSA'])
  assert.deepEqual(algorithms(), ['ES256', 'RS256', 'EdDSA'])
  const refused = await call('POST', '/clients', { body: { ...asked, id_token_signed_response_alg: 'none' } })
  assert.equal(refused.status, 422)
})
