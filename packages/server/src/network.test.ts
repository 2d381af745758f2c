import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf } from './network.ts'

test('an IPv4 address counts for itself, mapped or not', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
})

test('all addresses of one IPv6 /64 count as one, however they are written (RFC 6177 §2)', () => {
  const network = networkOf('2001:db8:0:1::7')
  assert.equal(network, '2001:db8:0:1')
  assert.equal(networkOf('2001:0db8:0000:0001:ffff:ffff:ffff:ffff'), network)
  assert.notEqual(networkOf('2001:db8:0:2::7'), network)
  assert.equal(networkOf('::1'), '0:0:0:0')
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0')
})
