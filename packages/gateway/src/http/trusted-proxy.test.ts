import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { trustedProxy } from './trusted-proxy.ts'

/** What of a request the rule reads. */
function from(remoteAddress: string, secrets: readonly string[] = []): IncomingMessage {
  const headersDistinct = secrets.length === 0 ? {} : { 'x-sallyport-secret': [...secrets] }
  return { socket: { remoteAddress }, headersDistinct } as IncomingMessage
}

test('a proxy known by its address is one of those addresses or blocks, IPv4 in IPv6 too', () => {
  const isProxy = trustedProxy({ by: 'address', addresses: ['127.0.0.1', '10.0.3.0/28', 'fd00::/8'] })
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.0.3.15', 'fd12::1'])
    assert.ok(isProxy(from(address)), address)
  for (const address of ['127.0.0.2', '10.0.3.16', '::1', '', 'fe80::1%eth0'])
    assert.ok(!isProxy(from(address)), address)
})

test('a proxy known by a secret sends it in one header', () => {
  const secret = 's'.repeat(32)
  const isProxy = trustedProxy({ by: 'secret', secret })
  assert.ok(isProxy(from('192.0.2.7', [secret])))
  for (const given of [[], [`${secret}s`], ['wrong', secret], [secret, secret]])
    assert.ok(!isProxy(from('127.0.0.1', given)))
})

test('a description that would let anybody in is named at start', () => {
  assert.throws(() => trustedProxy({ by: 'address', addresses: [] }), /at least one address/)
  assert.throws(() => trustedProxy({ by: 'address', addresses: ['localhost'] }), /no address/)
  assert.throws(() => trustedProxy({ by: 'address', addresses: ['10.0.0.0/x'] }), /no address/)
  assert.throws(() => trustedProxy({ by: 'secret', secret: 'short' }), /32 characters/)
})
