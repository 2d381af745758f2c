import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeResponseType } from './response-type.ts'

test('only response_type=code is known: no implicit, no hybrid flow (OAuth 2.1 §4.1.1, §4.1.2.1)', () => {
  assert.equal(judgeResponseType('code'), undefined)
  assert.equal(judgeResponseType(undefined)?.error, 'invalid_request')
  for (const sent of ['token', 'id_token', 'code token', 'code id_token', 'none', 'Code', 'code '])
    assert.equal(judgeResponseType(sent)?.error, 'unsupported_response_type', sent)
})
