import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSpecialUse } from './special-use-addresses.ts'

test('inside, metadata, documentation, multicast and reserved IPv4 addresses are special (RFC 6890 §2.2.2)', () => {
  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
  ]) {
    assert.equal(isSpecialUse(address), true, address)
  }
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '198.17.255.255',
    '223.255.255.255',
  ]) {
    assert.equal(isSpecialUse(address), false, address)
  }
})

test('IPv6 outside 2000::/3 is special, and what is special inside it (RFC 6890 §2.2.3, RFC 9637)', () => {
  for (const address of [
    '::',
    '::1',
    '::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '100::1',
    '2001:db8::1',
    '2001::1',
    '2001:20::1',
    '2002:7f00:1::',
    '3fff::1',
    '64:ff9b:1::1',
    '4000::1',
    '5f00::1',
  ]) {
    assert.equal(isSpecialUse(address), true, address)
  }
  for (const address of ['2606:4700:4700::1111', '2a00:1450:4001:80b::200e', '2001:4860:4860::8888']) {
    assert.equal(isSpecialUse(address), false, address)
  }
})

test('IPv4 inside IPv6 is judged by itself: mapped and NAT64, in both spellings (RFC 4291 §2.5.5.2, RFC 6052 §2.1)', () => {
  const hex = (v4: string): string => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  }
  fc.assert(
    fc.property(fc.ipV4(), v4 => {
      const expected = isSpecialUse(v4)
      for (const address of [
        `::ffff:${v4}`,
        `::ffff:${hex(v4)}`,
        `0:0:0:0:0:ffff:${hex(v4)}`,
        `64:ff9b::${v4}`,
        `64:ff9b::${hex(v4)}`,
      ]) {
        assert.equal(isSpecialUse(address), expected, address)
      }
    }),
    { numRuns: 2000 },
  )
})

test('what is no address is special', () => {
  fc.assert(fc.property(fc.string(), text => assert.equal(isSpecialUse(`${text}x`), true)))
})
