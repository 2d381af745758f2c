import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClientAssertion } from './client-assertion.ts'
import { verifyJwt } from './jwt.ts'
import { fixedKeys } from './key-source.ts'
import { signNow } from './sign.ts'
import { generateSigningKey, verifyKeyOf } from './signing-key.ts'

test('S20 an assertion names the client twice and the issuer once, as a string, and lives a minute (RFC 7523 §3)', async () => {
  const key = generateSigningKey('PS256')
  const nowSeconds = 1_800_000_000
  const made = { clientId: 'nightly', issuer: 'https://as.example', key, nowSeconds, jti: 'j' }
  const assertion = await createClientAssertion(made, signNow)
  const verified = await verifyJwt(assertion, {
    typ: ['JWT'],
    algorithms: ['PS256'],
    keys: fixedKeys([verifyKeyOf(key)]),
    issuer: 'nightly',
    audience: 'https://as.example',
    audienceForm: 'single',
    nowSeconds,
    maxLifetimeSeconds: 60,
    leewaySeconds: 0,
  })
  assert.ok(!('refused' in verified))
  assert.deepEqual(verified.claims, {
    iss: 'nightly',
    sub: 'nightly',
    aud: 'https://as.example',
    iat: nowSeconds,
    exp: nowSeconds + 60,
    jti: 'j',
  })
})
