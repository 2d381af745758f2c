import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundKey } from './bound-key.ts'

test('what is bound to no key takes any proof or none (RFC 9449 §5)', () => {
  assert.equal(boundKey(undefined, undefined), undefined)
  assert.equal(boundKey(undefined, 'a key'), undefined)
})

test('S46 a code or refresh token bound to a key works with that key alone (RFC 9449 §10, §5)', () => {
  assert.equal(boundKey('this', 'this'), undefined)
  assert.equal(boundKey('this', 'that')?.reason, 'dpop_key_mismatch')
  assert.equal(boundKey('this', undefined)?.reason, 'dpop_proof_missing')
  assert.equal(boundKey('this', 'that')?.error, 'invalid_grant')
})
