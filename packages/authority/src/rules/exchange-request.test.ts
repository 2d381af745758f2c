import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenRequest } from '../token-request.ts'
import { exchangeRequest } from './exchange-request.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

const request = (parameters: Record<string, string>, resources: readonly string[] = []): TokenRequest => ({
  parameters: new Map(Object.entries({ subject_token: 't', subject_token_type: accessToken, ...parameters })),
  resources,
  authorization: undefined,
  proofs: [],
  url: '',
  requestId: '',
})

test('an access token is exchanged for one resource, named by resource or audience (RFC 8693 §2.1)', () => {
  assert.deepEqual(exchangeRequest(request({ audience: 'b' }, ['a'])), { subjectToken: 't', targets: ['a', 'b'] })
})

test('S59 an actor, with a token or with its type alone, is invalid_request (RFC 8693 §2.1)', () => {
  for (const sent of [{ actor_token_type: accessToken }, { actor_token: 'x', actor_token_type: accessToken }]) {
    const refused = exchangeRequest(request(sent))
    assert.equal('error' in refused && refused.error, 'invalid_request')
  }
})

test('other tokens than access tokens go neither in nor out (RFC 8693 §3)', () => {
  for (const sent of [
    { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    { subject_token_type: '' },
    { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
  ]) {
    const refused = exchangeRequest(request(sent))
    assert.equal('error' in refused && refused.error, 'invalid_request')
  }
})
