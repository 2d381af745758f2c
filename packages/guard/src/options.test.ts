import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSigningKey } from '@sallyport/credentials'
import { type GuardOptions, guardSettings } from './options.ts'

const good: GuardOptions = { issuer: 'https://issuer.test', resource: 'https://api.test/orders' }

test('issuer and resource are enough', () => {
  const settings = guardSettings(good)
  assert.equal(settings.origin, 'https://api.test')
  assert.deepEqual(settings.feed, { url: 'https://issuer.test/revocations', maxSilenceSeconds: 10 })
})

const wrong: readonly (readonly [object, RegExp])[] = [
  [{ ...good, isuer: 'x' }, /"isuer" is no option/],
  [{ ...good, issuer: 'http://issuer.test' }, /https, or http on loopback/],
  [{ ...good, issuer: 'issuer' }, /absolute address/],
  [{ ...good, resource: 'https://api.test/#a' }, /no fragment/],
  [{ ...good, resource: 'urn:orders' }, /say origin/],
  [{ ...good, revocation: { maxSilenceSeconds: 301 } }, /between 2 and 300/],
  [{ ...good, leewaySeconds: 61 }, /between 0 and 60/],
  [{ ...good, nonceSecret: 'c2hvcnQ' }, /at least 32 bytes/],
  [{ ...good, client: { clientId: 'a', key: generateSigningKey('ES256').publicJwk } }, /client\.key/],
]

for (const [options, message] of wrong) {
  test(`${message.source} is said at start, not at the first request`, () => {
    assert.throws(() => guardSettings(options as GuardOptions), message)
  })
}
