import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixedKeys, selectKey } from './key-source.ts'
import { generateSigningKey, verifyKeyOf } from './signing-key.ts'

const ec = verifyKeyOf(generateSigningKey('ES256'))
const okp = verifyKeyOf(generateSigningKey('EdDSA'))

test('a key is found by its name and only for an algorithm it fits (S23, RFC 7515 §4.1.4)', () => {
  assert.equal(selectKey([ec, okp], ec.kid, 'ES256'), ec)
  assert.equal(selectKey([ec, okp], ec.kid, 'EdDSA'), undefined)
  assert.equal(selectKey([ec, okp], 'other', 'ES256'), undefined)
  assert.equal(fixedKeys([ec]).find('other', 'ES256'), 'unknown')
})

test('without a name the only key that fits is taken, never one of several', () => {
  const second = verifyKeyOf(generateSigningKey('ES256'))
  assert.equal(selectKey([ec, okp], undefined, 'EdDSA'), okp)
  assert.equal(selectKey([ec, second], undefined, 'ES256'), undefined)
})

test('a name that two keys share is worthless, unless only one fits or both are the same (RFC 7517 §4.5)', () => {
  const double = { ...verifyKeyOf(generateSigningKey('ES256')), kid: ec.kid }
  assert.equal(selectKey([ec, double], ec.kid, 'ES256'), undefined)
  assert.equal(selectKey([ec, { ...ec }], ec.kid, 'ES256')?.thumbprint, ec.thumbprint)
  assert.equal(selectKey([ec, { ...okp, kid: ec.kid }], ec.kid, 'EdDSA')?.thumbprint, okp.thumbprint)
})
