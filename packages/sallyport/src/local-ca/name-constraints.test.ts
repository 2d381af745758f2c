import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loopbackConstraints } from './name-constraints.ts'

test('the constraints are exactly localhost, 127.0.0.1/32 and ::1/128, as OpenSSL writes them (RFC 5280 §4.2.1.10)', () => {
  const dns = `300b8209${Buffer.from('localhost').toString('hex')}`
  const ipv4 = '300a87087f000001ffffffff'
  const ipv6 = `30228720${'00'.repeat(15)}01${'ff'.repeat(16)}`
  const subtrees = dns + ipv4 + ipv6
  const length = (hex: string) => (hex.length / 2).toString(16).padStart(2, '0')
  const permitted = `a0${length(subtrees)}${subtrees}`
  assert.equal(Buffer.from(loopbackConstraints()).toString('hex'), `30${length(permitted)}${permitted}`)
})
