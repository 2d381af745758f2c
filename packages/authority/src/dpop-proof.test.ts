import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDpopProof, exportPrivateJwk, generateSigningKey, signJwtNow } from '@sallyport/credentials'
import { dpopProof } from './dpop-proof.ts'
import { type AuthorityHarness, openHarness } from './testing/authority-harness.ts'
import { proof, tokenRequest } from './testing/token-requests.ts'
import { isTokenError } from './token-error.ts'

const rounds = Number(process.env.SALLYPORT_ROUNDS ?? 5)

async function judge(harness: AuthorityHarness, proofs: readonly string[], nonceRequired = false): Promise<string> {
  const request = tokenRequest(harness, {}, { proofs })
  const judged = await dpopProof(request, { require_dpop_nonce: nonceRequired }, harness.context)
  if (judged === undefined) return 'none'
  return isTokenError(judged) ? `${judged.error} ${judged.reason}` : judged.jkt
}

test('a proof gives the thumbprint of its key; without one there is none (RFC 9449 §5)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  assert.equal(await judge(harness, [proof(harness, key)]), key.kid)
  assert.equal(await judge(harness, []), 'none')
})

test('S39 two proofs, a private key, another typ, htm or htu are invalid_dpop_proof (RFC 9449 §4.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  const claims = { htm: 'POST', htu: `${harness.context.issuer}/token`, iat: harness.clock.seconds, jti: 'j' }
  const leaking = signJwtNow({ typ: 'dpop+jwt', claims, key, header: { jwk: exportPrivateJwk(key) } })
  const typed = signJwtNow({ typ: 'JWT', claims, key, header: { jwk: key.publicJwk } })
  for (const proofs of [
    [proof(harness, key), proof(harness, key)],
    [leaking],
    [typed],
    [proof(harness, key, { htm: 'GET' })],
    [proof(harness, key, { htu: `${harness.context.issuer}/introspect` })],
    [proof(harness, key, { htu: 'https://other.example/token' })],
    [createDpopProof(key, { ...claims, iat: harness.clock.seconds - 61 })],
    [createDpopProof(key, { ...claims, iat: harness.clock.seconds + 61 })],
    ['x'],
    [''],
  ])
    assert.match(await judge(harness, proofs), /^invalid_dpop_proof /)
})

test('S40 htu is compared without query and fragment, normalised, against the configured origin (RFC 9449 §4.3)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  for (const htu of ['HTTP://LOCALHOST:4000/token', 'http://localhost:4000/token?x=1#y'])
    assert.equal(await judge(harness, [proof(harness, key, { htu })]), key.kid)
})

test('S41 of 50 uses of one proof at once one succeeds; an over-long jti is refused (RFC 9449 §11.1)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  for (let round = 0; round < rounds; round++) {
    const once = proof(harness, key)
    const judged = await Promise.all(Array.from({ length: 50 }, () => judge(harness, [once])))
    assert.equal(judged.filter(each => each === key.kid).length, 1)
    assert.equal(judged.filter(each => each === 'invalid_dpop_proof dpop_proof_replayed').length, 49)
  }
  assert.match(await judge(harness, [proof(harness, key, { jti: 'j'.repeat(513) })]), /^invalid_dpop_proof /)
})

test('S44 the nonce of this and the last slot is accepted, an older one challenged (RFC 9449 §8)', async t => {
  const harness = await openHarness()
  t.after(() => harness.close())
  const key = generateSigningKey('ES256')
  const nonce = harness.context.dpopNonces.issue(harness.clock.seconds)
  assert.equal(await judge(harness, [proof(harness, key, { nonce })], true), key.kid)
  harness.clock.advance(120)
  assert.equal(await judge(harness, [proof(harness, key, { nonce })], true), key.kid)
  harness.clock.advance(120)
  assert.equal(await judge(harness, [proof(harness, key, { nonce })], true), 'use_dpop_nonce use_dpop_nonce')
  assert.equal(await judge(harness, [proof(harness, key)], true), 'use_dpop_nonce use_dpop_nonce')
  assert.equal(await judge(harness, [proof(harness, key)], false), key.kid)
})
