import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessNetwork } from './guess-network.ts'

test('an IPv4 address counts for itself, mapped or not', () => {
  assert.equal(guessNetwork('192.0.2.7'), '192.0.2.7')
  assert.equal(guessNetwork('::ffff:192.0.2.7'), '192.0.2.7')
})

test('all addresses of one IPv6 /64 count as one, however they are written (RFC 6177 §2)', () => {
  const network = guessNetwork('2001:db8:0:1::7')
  assert.equal(network, '2001:db8:0:1')
  assert.equal(guessNetwork('2001:0db8:0000:0001:ffff:ffff:ffff:ffff'), network)
  assert.notEqual(guessNetwork('2001:db8:0:2::7'), network)
  assert.equal(guessNetwork('::1'), '0:0:0:0')
  assert.equal(guessNetwork('fe80::1%eth0'), 'fe80:0:0:0')
})
