import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { hasRocaFingerprint } from './roca.ts'

test('a modulus of the faulty library’s form is recognised (CVE-2017-15361)', () => {
  // Its primes are 65537^a modulo M, the product of the small primes; so is their product.
  let product = 1n
  for (let candidate = 2n; candidate <= 167n; candidate += 1n)
    if ([2n, 3n, 5n, 7n, 11n].every(small => candidate === small || candidate % small !== 0n)) product *= candidate
  let power = 1n
  for (let round = 0; round < 1234; round += 1) power = (power * 65537n) % product
  const modulus = Buffer.from((power + product * 2n ** 1500n).toString(16).padStart(512, '0'), 'hex')
  assert.equal(hasRocaFingerprint(modulus), true)
})

test('moduli of OpenSSL are not', () => {
  for (let round = 0; round < 3; round += 1) {
    const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    assert.equal(hasRocaFingerprint(Buffer.from(String(n), 'base64url')), false)
  }
})
