import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientRecord, resourceRecord } from '../testing/records.ts'
import { senderConstraint } from './sender-constraint.ts'

const bound = clientRecord({ dpop_bound_access_tokens: true })
const strictScope = resourceRecord({
  scopes: [
    { scope: 'read', description: 'Read' },
    { scope: 'pay', description: 'Pay', require_sender_constraint: true },
  ],
})

test('a bearer token is issued where nobody asks for more (RFC 9449 §5)', () => {
  assert.equal(senderConstraint(clientRecord(), resourceRecord(), ['read'], undefined), undefined)
  assert.equal(senderConstraint(clientRecord(), strictScope, ['read'], undefined), undefined)
})

test('S77 client, resource and scope can each demand a proof (RFC 9449 §5.2, RFC 9700 §2.2.1)', () => {
  const strict = resourceRecord({ require_sender_constraint: true })
  assert.equal(senderConstraint(bound, undefined, [], undefined)?.error, 'invalid_dpop_proof')
  assert.match(senderConstraint(clientRecord(), strict, [], undefined)?.hint ?? '', /https:\/\/api.example/)
  assert.match(senderConstraint(clientRecord(), strictScope, ['read', 'pay'], undefined)?.hint ?? '', /scope pay/)
})

test('with a proof each of them is content', () => {
  assert.equal(senderConstraint(bound, strictScope, ['pay'], 'thumbprint'), undefined)
})
