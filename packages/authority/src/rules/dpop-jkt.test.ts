import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeDpopJkt } from './dpop-jkt.ts'

test('S46 dpop_jkt is a SHA-256 thumbprint in base64url, or refused (RFC 9449 §10)', () => {
  const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
  assert.deepEqual(judgeDpopJkt(jkt), { dpop_jkt: jkt })
  assert.deepEqual(judgeDpopJkt(undefined), {})
  for (const sent of ['x', `${jkt}=`, jkt.replace('-', '+')]) assert.equal('error' in judgeDpopJkt(sent), true, sent)
})
